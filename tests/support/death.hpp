#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace tests {

/// What a forked child prints on stderr before it aborts; "it did not abort" when it ends otherwise.
std::string last_words(auto&& body) {
  int said[2];
  if (pipe(said) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    dup2(said[1], STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);
    body();
    _exit(0);
  }
  close(said[1]);
  std::string heard;
  char buffer[512];
  for (ssize_t n = 0; (n = read(said[0], buffer, sizeof buffer)) > 0;)
    heard.append(buffer, static_cast<std::size_t>(n));
  close(said[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? heard : "it did not abort";
}

}  // namespace tests
