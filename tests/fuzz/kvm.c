// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz-kvm [-t SECONDS] [-s SEED] [CORPUS]: programs for /dev/kvm, changed until they
 * reach what none has reached before.
 * fuzz-kvm -r FILE [-n TIMES]: runs the programs of FILE, until one fails.
 * fuzz-kvm -p FILE: shows them.
 *
 * What it writes is for tests/lab/fuzz-kvm: "x" a program that is run next, "+" one that
 * reached something new, "c" a block that was, "!" what is wrong.  Each program runs in
 * a child.  Wrong is what the kernel complains of, what an oracle says, and a child that
 * does not end though it was killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include "tests/fuzz/kvm.h"

#define CORPUS_MAX	8192
#define LIFE_MS		4000		/* of a child; then it is killed */
#define DEATH_MS	100000		/* and has to be gone */

static struct prog *corpus;
static unsigned int corpus_nr;
static unsigned long runs, killed, died, wrong;
static int kmsg = -1;
char *finding_text;

/* ---- what the kernel says ---- */

static const char *const alarms[] = {
	"BUG:", "WARNING:", "KASAN", "KCSAN", "UBSAN", "ODEBUG", "Call Trace",
	"Oops", "lockdep", "RCU", "rcu:", "unchecked MSR", "leak",
};

static bool kernel_complains(void)
{
	char line[1024];
	bool found = false;
	unsigned int i;
	ssize_t n;

	while (kmsg >= 0 && (n = read(kmsg, line, sizeof(line) - 1)) != 0) {
		if (n < 0 && errno != EPIPE)
			break;
		line[n < 0 ? 0 : n] = 0;
		for (i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++)
			found |= strstr(line, alarms[i]) != NULL;
	}
	return found;
}

static void kmsg_open(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

/* ---- one program ---- */

/* False if the child cannot be got rid of. */
static bool child_wait(pid_t pid, int *status)
{
	int ms;

	for (ms = 0; waitpid(pid, status, WNOHANG) == 0; ms += 2) {
		usleep(2000);
		if (ms == LIFE_MS) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			killed++;
		}
		if (ms > LIFE_MS + DEATH_MS)
			return false;
	}
	/* What it forked goes with it. */
	kill(-pid, SIGKILL);
	return true;
}

/* A CPU that a killed program has left off. */
static void cpus_online(void)
{
	file_write("/sys/devices/system/cpu/cpu1/online", "1");
}

/* False if the machine is not to be trusted any more; a line, if something is wrong. */
static bool prog_try(const struct prog *p)
{
	int status = 0;
	pid_t pid;

	prog_print(p, 'x');
	/* The machine may be gone before the line is. */
	tcdrain(1);
	finding_text[0] = 0;
	pid = fork();
	if (pid < 0)
		return true;
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prog_run(p);
	}
	setpgid(pid, pid);
	if (!child_wait(pid, &status)) {
		printf("! a process does not end, though killed\n");
		return false;
	}
	runs++;
	died += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
	cpus_online();
	if (finding_text[0]) {
		printf("! %s\n", finding_text);
		wrong++;
	}
	if (kernel_complains()) {
		printf("! the kernel complains\n");
		return false;
	}
	return true;
}

/* ---- many ---- */

static void corpus_add(const struct prog *p)
{
	unsigned int at = corpus_nr < CORPUS_MAX ? corpus_nr++ : below(CORPUS_MAX);

	corpus[at] = *p;
}

static unsigned int corpus_read(const char *path)
{
	char line[2 * sizeof(struct prog) + 16];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f) && corpus_nr < CORPUS_MAX)
		if (prog_parse(&corpus[corpus_nr], line))
			corpus_nr++;
	if (f)
		fclose(f);
	return corpus_nr;
}

static void progress(time_t start, uint64_t seed)
{
	printf("fuzz-kvm: %ld s, seed %llu: %lu runs (%lu killed, %lu died, %lu wrong), corpus %u",
	       (long)(time(NULL) - start), (unsigned long long)seed, runs, killed, died,
	       wrong, corpus_nr);
	cov_sums(stdout);
	putchar('\n');
	cov_print();
	fflush(stdout);
}

/* What of this program was new is noted; it is kept if it did not come from the corpus. */
static bool prog_judge(const struct prog *p, bool keep)
{
	if (!prog_try(p))
		return false;
	if (cov_collect() && keep) {
		corpus_add(p);
		prog_print(p, '+');
	}
	return true;
}

static void prog_next(struct prog *p, uint64_t seed)
{
	rnd_start(seed, 2);
	if (!corpus_nr || !below(6)) {
		prog_make(p, seed);
		return;
	}
	/* What was found last has been tried least. */
	*p = corpus[below(2) && corpus_nr > 64 ? corpus_nr - 1 - below(64) :
		    below(corpus_nr)];
	prog_mutate(p, &corpus[below(corpus_nr)], seed);
}

static bool fuzz(unsigned int seconds, uint64_t seed)
{
	time_t start = time(NULL), shown = start;
	unsigned int i, known = corpus_nr;
	struct prog p;
	bool ok = true;

	for (i = 0; ok && time(NULL) < start + (time_t)seconds; i++) {
		if (i < known) {
			/* What they reach is known: none of it is new. */
			ok = prog_judge(&corpus[i], false);
		} else {
			prog_next(&p, seed + i - known);
			ok = prog_judge(&p, true);
		}
		if (time(NULL) >= shown + 30) {
			shown = time(NULL);
			progress(start, seed);
		}
	}
	progress(start, seed);
	return ok;
}

static bool replay(unsigned int times)
{
	unsigned int i;

	for (i = 0; i < corpus_nr * times; i++)
		if (!prog_try(&corpus[i / times]) || wrong)
			return false;
	return true;
}

/* ---- what is left behind ---- */

static bool leaks(void)
{
	const char *path = "/sys/kernel/debug/kmemleak";
	char line[256];
	bool any = false;
	FILE *f;

	file_write(path, "scan");
	/* Fresh objects have their time. */
	sleep(6);
	file_write(path, "scan");
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		any = true;
		printf("  %s", line);
	}
	if (f)
		fclose(f);
	if (any)
		printf("! unreachable memory\n");
	return any;
}

int main(int argc, char **argv)
{
	unsigned int seconds = 60, times = 3, i;
	const char *file = NULL;
	uint64_t seed = time(NULL);
	bool show = false, ok;
	int opt;

	corpus = calloc(CORPUS_MAX, sizeof(*corpus));
	while ((opt = getopt(argc, argv, "t:s:r:n:p:")) != -1) {
		if (opt == 't')
			seconds = atoi(optarg);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (opt == 'n')
			times = atoi(optarg);
		else if (opt == 'r' || opt == 'p')
			file = optarg;
		else
			return 2;
		show |= opt == 'p';
	}
	if (file && !corpus_read(file))
		return 2;
	for (i = 0; show && i < corpus_nr; i++)
		prog_show(&corpus[i]);
	if (show)
		return 0;
	if (optind < argc)
		corpus_read(argv[optind]);
	finding_text = mmap(NULL, FINDING_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file_write("/sys/kernel/debug/kmemleak", "clear");
	kmsg_open();
	if (!cov_open())
		printf("fuzz-kvm: no KCOV: blind\n");
	ok = file ? replay(times) : fuzz(seconds, seed);
	ok &= !wrong;
	fflush(stdout);
	ok &= !leaks();
	return !ok;
}
