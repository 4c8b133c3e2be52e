#include "support/stream_laws.hpp"

#include "configurations.hpp"

using tests::over;
using world = tests::sim_world;

BOOST_AUTO_TEST_SUITE(contract_streams)

BOOST_AUTO_TEST_CASE(a_block_is_reused_in_order_only) {
  over(simulated(), tests::a_block_is_reused_in_order_only);
}
BOOST_AUTO_TEST_CASE(per_thread_default_streams_are_kept_apart) {
  over(simulated(), tests::per_thread_default_streams_are_kept_apart);
}
BOOST_AUTO_TEST_CASE(a_block_is_reused_on_its_own_stream) {
  over(simulated(), tests::a_block_is_reused_on_its_own_stream<world>);
}
BOOST_AUTO_TEST_CASE(threads_share_an_allocator) {
  over(simulated(), tests::threads_share_an_allocator<world>);
}
BOOST_AUTO_TEST_CASE(devices_are_kept_apart) { over(simulated(), tests::devices_are_kept_apart<world>); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contract_per_thread)

BOOST_AUTO_TEST_CASE(a_block_is_reused_in_order_only) {
  over<world, tests::per_thread_world>(simulated(), tests::a_block_is_reused_in_order_only);
}
BOOST_AUTO_TEST_CASE(default_streams_are_kept_apart) {
  over<world, tests::per_thread_world>(simulated(), tests::default_streams_of_threads_are_kept_apart);
}
BOOST_AUTO_TEST_CASE(threads_share_an_allocator) {
  over<world, tests::per_thread_world>(simulated(), tests::threads_share_an_allocator<world>);
}
BOOST_AUTO_TEST_CASE(devices_are_kept_apart) {
  over<world, tests::per_thread_world>(simulated(), tests::devices_are_kept_apart<world>);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contract_captures)

BOOST_AUTO_TEST_CASE(a_capture_stays_whole_and_nothing_waits) {
  over(simulated(), tests::a_capture_stays_whole_and_nothing_waits<world>);
}
BOOST_AUTO_TEST_CASE(what_a_capture_touched_serves_nobody_else) {
  over(simulated(), tests::what_a_capture_touched_serves_nobody_else<world>);
}
BOOST_AUTO_TEST_CASE(blocks_of_captures_serve_again_once_they_are_forgotten) {
  over(simulated(), tests::blocks_of_captures_serve_again_once_they_are_forgotten<world>);
}
BOOST_AUTO_TEST_CASE(a_captured_stream_is_refused_and_stays_whole) {
  over(simulated(), tests::a_captured_stream_is_refused_and_stays_whole<world>);
}
BOOST_AUTO_TEST_CASE(a_strict_hint_under_capture_is_an_error) {
  over(simulated(), tests::a_strict_hint_under_capture_is_an_error<world>);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contract_fork)

BOOST_AUTO_TEST_CASE(a_forked_child_gets_a_clear_error_and_frees_nothing) {
  tests::a_forked_child_gets_a_clear_error_and_frees_nothing<world>(simulated());
}

BOOST_AUTO_TEST_SUITE_END()
