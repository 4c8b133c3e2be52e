#include "configurations.hpp"

using tests::over;
using world = tests::sim_world;

BOOST_AUTO_TEST_SUITE(contract_blocks)

BOOST_AUTO_TEST_CASE(blocks_do_not_overlap) { over(simulated(), tests::blocks_do_not_overlap<world>); }
BOOST_AUTO_TEST_CASE(blocks_are_aligned) { over(simulated(), tests::blocks_are_aligned<world>); }
BOOST_AUTO_TEST_CASE(blocks_hold_what_is_written) {
  over(simulated(), tests::blocks_hold_what_is_written<world>);
}
BOOST_AUTO_TEST_CASE(an_empty_block_is_ignored_when_freed) {
  over(simulated(), tests::an_empty_block_is_ignored_when_freed<world>);
}
BOOST_AUTO_TEST_CASE(exhaustion_is_an_empty_block_and_frees_end_it) {
  over(simulated(), tests::exhaustion_is_an_empty_block_and_frees_end_it<world>);
}
BOOST_AUTO_TEST_CASE(frees_of_one_stream_end_the_exhaustion_of_another) {
  over(simulated(), tests::frees_of_one_stream_end_the_exhaustion_of_another<world>);
}
BOOST_AUTO_TEST_CASE(a_budget_is_exact) { over(simulated(), tests::a_budget_is_exact<world>); }
BOOST_AUTO_TEST_CASE(counts_are_those_of_the_caller) {
  over(simulated(), tests::counts_are_those_of_the_caller<world>);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contract_bad_input)

BOOST_AUTO_TEST_CASE(a_bad_request_is_refused_in_a_sentence_and_changes_nothing) {
  over(simulated(), tests::a_bad_request_is_refused_in_a_sentence_and_changes_nothing<world>);
}
BOOST_AUTO_TEST_CASE(more_than_all_memories_hold_is_refused) {
  over(simulated(), tests::more_than_all_memories_hold_is_refused<world>);
}
BOOST_AUTO_TEST_CASE(an_unknown_device_is_an_error_that_names_the_call) {
  over(simulated(), tests::an_unknown_device_is_an_error_that_names_the_call<world>);
}

BOOST_AUTO_TEST_SUITE_END()
