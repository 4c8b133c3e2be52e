#define BOOST_TEST_MODULE cmm
#include <boost/test/unit_test.hpp>
