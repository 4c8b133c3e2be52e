#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <boost/test/unit_test.hpp>
#include <cmm/core/whole_file.hpp>
#include <fstream>
#include <iterator>
#include <vector>

BOOST_AUTO_TEST_SUITE(whole_file)

using cmm::detail::write_whole;
namespace fs = std::filesystem;

namespace {

/// A folder of this test's own, removed at its end.
struct own_folder {
  own_folder() {
    std::string name = (fs::temp_directory_path() / "cmm_whole_file_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~own_folder() { fs::remove_all(path); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& each : fs::directory_iterator{path}) found.push_back(each.path().filename());
    return found;
  }
  fs::path path;
};

std::string content(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_takes_the_place_of_the_one_before_and_leaves_nothing_beside_it) {
  const own_folder folder;
  BOOST_TEST(write_whole(folder.path / "a", "one") == "");
  BOOST_TEST(write_whole(folder.path / "a", "two") == "");
  BOOST_TEST(content(folder.path / "a") == "two");
  BOOST_TEST(folder.names().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_file_keeps_its_permissions_and_a_new_one_has_those_of_the_process) {
  const own_folder folder;
  const mode_t before = ::umask(027);
  BOOST_TEST(write_whole(folder.path / "new", "x") == "");
  ::umask(before);
  BOOST_TEST(static_cast<int>(fs::status(folder.path / "new").permissions()) == 0640);
  fs::permissions(folder.path / "new", fs::perms{0600});
  BOOST_TEST(write_whole(folder.path / "new", "y") == "");
  BOOST_TEST(static_cast<int>(fs::status(folder.path / "new").permissions()) == 0600);
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_stays_as_it_is) {
  const own_folder folder;
  const fs::path kept = folder.path / "kept", link = folder.path / "link", fifo = folder.path / "fifo";
  BOOST_REQUIRE(write_whole(kept, "kept") == "");
  fs::create_symlink(kept, link);
  fs::create_symlink(folder.path / "nowhere", folder.path / "dangling");
  fs::create_directory(folder.path / "folder");
  BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  BOOST_TEST(write_whole(link, "x").find("symbolic link") != std::string::npos);
  BOOST_TEST(write_whole(folder.path / "dangling", "x").find("symbolic link") != std::string::npos);
  BOOST_TEST(write_whole(folder.path / "folder", "x").find("folder") != std::string::npos);
  BOOST_TEST(write_whole(fifo, "x").find("no regular file") != std::string::npos);
  BOOST_TEST(content(kept) == "kept");
  BOOST_TEST(fs::is_symlink(link));
  BOOST_TEST(fs::is_fifo(fifo));
  BOOST_TEST(!fs::exists(folder.path / "nowhere"));
  BOOST_TEST(folder.names().size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_device_node_stays_as_it_is) {
  const own_folder folder;
  const fs::path node = folder.path / "null";  // a stand-in: the node of the null device, in this folder
  if (::mknod(node.c_str(), S_IFCHR | 0600, ::makedev(1, 3)) != 0) return;  // only root may make one
  BOOST_TEST(write_whole(node, "x").find("no regular file") != std::string::npos);
  BOOST_TEST(fs::is_character_file(node));
}

BOOST_AUTO_TEST_CASE(a_file_that_may_not_grow_keeps_what_was_there_and_the_process_goes_on) {
  const own_folder folder;
  BOOST_REQUIRE(write_whole(folder.path / "a", "one") == "");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string reason = write_whole(folder.path / "a", std::string(5000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  BOOST_TEST(reason == "File too large");
  BOOST_TEST(content(folder.path / "a") == "one");
  BOOST_TEST(folder.names().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_a_reason) {
  const own_folder folder;
  BOOST_TEST(write_whole(folder.path / "none" / "a", "x") == "No such file or directory");
}

BOOST_AUTO_TEST_SUITE_END()
