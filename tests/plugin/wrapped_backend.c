/* A backend that runs each image under another program: `/usr/bin/env IMAGE ARGS...`, or what $DYAD_WRAPPER says
 * instead ("valgrind -q --trace-children=yes"). docs/backends.md explains it; nothing but the installed header is
 * needed to build it. */
#define _GNU_SOURCE
#include <dyad/backend.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMostWords = 16, kBusyTries = 1000 };

struct dyad_session {
  char settings[1024];            /* $DYAD_WRAPPER */
  char words[1024];               /* of it, each ended by NUL */
  char* wrapper[kMostWords + 1];  /* into `words`, NULL-terminated */
  int null;                       /* /dev/null */
  struct dyad_process* processes; /* started and not finished */
};

struct dyad_process {
  struct dyad_session* session;
  struct dyad_process *next, *previous;
  pid_t pid;
  int ended_fd;
};

static void say(dyad_error* error, const char* what, const char* why) {
  snprintf(error->text, sizeof error->text, "%s: %s", what, why);
}

static dyad_session* open_session(const dyad_host* host, dyad_error* error) {
  (void)host;
  dyad_session* session = calloc(1, sizeof *session);
  const char* wrapper = getenv("DYAD_WRAPPER");
  if (session == NULL) return NULL;
  snprintf(session->settings, sizeof session->settings, "%s",
           wrapper != NULL && *wrapper != '\0' ? wrapper : "/usr/bin/env");
  strcpy(session->words, session->settings);
  int count = 0;
  for (char* word = strtok(session->words, " "); word != NULL && count < kMostWords; word = strtok(NULL, " "))
    session->wrapper[count++] = word;
  session->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (count == 0 || session->null < 0) {
    say(error, count == 0 ? "DYAD_WRAPPER" : "/dev/null", count == 0 ? "names no program" : strerror(errno));
    free(session);
    return NULL;
  }
  return session;
}

/* A file that somebody still has open for writing cannot be executed, and the wrapper would be told so, not we. Such a
 * file gives no lease. It is a matter of microseconds: another thread's child that has not executed its program yet. */
static void wait_until_executable(const char* image) {
  int fd = open(image, O_RDONLY | O_CLOEXEC);
  for (int i = 0; fd >= 0 && i < kBusyTries && fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN; ++i)
    usleep(1000);
  if (fd >= 0) close(fd);
}

static void limit(int which, rlim_t most) {
  struct rlimit limits;
  if (getrlimit(which, &limits) != 0) return;
  limits.rlim_cur = most < limits.rlim_max ? most : limits.rlim_max;
  setrlimit(which, &limits);
}

/* In the child, which shares the host's memory until it executes: system calls only. */
static int settle_in(const dyad_session* session, const dyad_start* what, int input_fd, pid_t host) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* what tests leave running comes to the process, which says so */
  if (getppid() != host) return -1;
  /* Members that a host may be too old for, as input_fd. We share no processes: `sharing` allows it, and does not ask
   * for it. */
  if (what->size > offsetof(dyad_start, memory)) {
    if (what->core == 0) limit(RLIMIT_CORE, 0);
    if (what->memory != 0) limit(RLIMIT_DATA, what->memory);
  }
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  /* The descriptors may stand in each other's places: first all out of the way. */
  int null = fcntl(session->null, F_DUPFD_CLOEXEC, 10), capture = fcntl(what->capture_fd, F_DUPFD_CLOEXEC, 10),
      events = fcntl(what->event_fd, F_DUPFD_CLOEXEC, 10),
      inputs = input_fd < 0 ? -1 : fcntl(input_fd, F_DUPFD_CLOEXEC, 10);
  if (dup2(null, 0) < 0 || dup2(capture, 1) < 0 || dup2(capture, 2) < 0 || dup2(events, DYAD_CHILD_EVENT_FD) < 0)
    return -1;
  if (inputs < 0)
    close(DYAD_CHILD_INPUT_FD);
  else if (dup2(inputs, DYAD_CHILD_INPUT_FD) < 0)
    return -1;
  syscall(SYS_close_range, DYAD_CHILD_INPUT_FD + 1, ~0u, 0);
  return chdir(what->cwd);
}

/* Starts `argv` and returns its id, or -1 with errno. vfork, for the host is large and has many threads: a fork would
 * copy what it has mapped, and with it locks that nobody releases. */
static pid_t spawn(const dyad_session* session, const dyad_start* what, int input_fd, char* const* argv) {
  static volatile int failure; /* the child tells us here; all calls of a session come from one thread */
  const pid_t host = getpid();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of the host may run in the child */
  failure = 0;
  const pid_t pid = vfork();
  if (pid == 0) {
    if (settle_in(session, what, input_fd, host) == 0) execvpe(argv[0], argv, what->envp);
    failure = errno;
    _exit(DYAD_EXIT_LOAD_FAILED);
  }
  if (pid < 0) failure = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failure == 0) return pid;
  if (pid > 0) waitpid(pid, NULL, 0);
  errno = failure;
  return -1;
}

static dyad_process* start(dyad_session* session, const dyad_start* what, dyad_error* error) {
  /* A host that is older than this member of the structure has no input log. */
  int input_fd = what->size > offsetof(dyad_start, input_fd) ? what->input_fd : -1;
  size_t count = 0, words = 0;
  while (what->argv[count] != NULL) ++count;
  dyad_process* process = calloc(1, sizeof *process);
  char** argv = calloc(kMostWords + count + 2, sizeof *argv);
  pid_t pid = -1;
  if (process != NULL && argv != NULL) {
    for (; session->wrapper[words] != NULL; ++words) argv[words] = session->wrapper[words];
    argv[words] = (char*)(uintptr_t)what->image; /* becomes argv[0] of the image */
    memcpy(argv + words + 1, what->argv, count * sizeof *argv);
    wait_until_executable(what->image);
    pid = spawn(session, what, input_fd, argv);
  }
  int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) {
    say(error, session->wrapper[0], strerror(errno));
    if (pid > 0) kill(-pid, SIGKILL);
    if (pid > 0) waitpid(pid, NULL, 0);
    free(process);
    free(argv);
    return NULL;
  }
  free(argv);
  *process = (dyad_process){.session = session, .next = session->processes, .pid = pid, .ended_fd = pidfd};
  if (process->next != NULL) process->next->previous = process;
  session->processes = process;
  return process;
}

static int ended_fd(dyad_process* process) { return process->ended_fd; }

static void kill_group(dyad_process* process, int signal) {
  /* Not reaped before finish(): the id is still ours. */
  kill(-process->pid, signal);
}

static void finish(dyad_process* process, dyad_end* end) {
  int status = 0;
  kill(-process->pid, SIGKILL); /* what it left behind in its group */
  while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
  }
  end->kind = WIFSIGNALED(status) ? DYAD_END_SIGNALED : DYAD_END_EXITED;
  end->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  end->text[0] = '\0';
  close(process->ended_fd);
  if (process->previous != NULL)
    process->previous->next = process->next;
  else
    process->session->processes = process->next;
  if (process->next != NULL) process->next->previous = process->previous;
  free(process);
}

static void close_session(dyad_session* session) {
  while (session->processes != NULL) {
    dyad_end ignored;
    kill_group(session->processes, SIGKILL);
    finish(session->processes, &ignored);
  }
  close(session->null);
  free(session);
}

/* Under another wrapper tests may do something else. */
static const char* settings(dyad_session* session) { return session->settings; }

static const dyad_backend kBackend = {
    .abi = DYAD_BACKEND_ABI,
    .size = sizeof(dyad_backend),
    .name = "wrapped",
    .version = "1",
    .artifact = DYAD_ARTIFACT_EXECUTABLE,
    .open = open_session,
    .start = start,
    .ended_fd = ended_fd,
    .kill = kill_group,
    .finish = finish,
    .close = close_session,
    .settings = settings,
};

__attribute__((visibility("default"))) const dyad_backend* dyad_backend_entry(uint32_t host_abi) {
  return host_abi == DYAD_BACKEND_ABI ? &kBackend : NULL;
}
