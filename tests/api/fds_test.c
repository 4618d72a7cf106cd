// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps the vendor's module loaded, and lets it go: each kind of
 * descriptor, a mapping, VMMs that fork, hand descriptors on, or are killed.
 * As root, with nobody else using /dev/kvm; removes and inserts the vendor's module.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "lib.h"
#include "stat.h"

#define VENDOR		(cpu_is_amd() ? "kvm_amd" : "kvm_intel")
#define VENDOR_FILE(dir) \
	(cpu_is_amd() ? dir "/kvm-amd.ko" : dir "/kvm-intel.ko")

static struct vm vm;
static struct vcpu v, w;

/* Bochs lets no interrupt end a guest that runs with IF clear. */
GUEST(64, g_spin, "sti\n 1: incl 0x10000\n jmp 1b\n");
GUEST(64, g_done, DONE);

/* As the module has them now: what runs after us wants them so, too. */
static void params_read(char *text, size_t size)
{
	const char *at = cpu_is_amd() ? "/sys/module/kvm_amd/parameters" :
					"/sys/module/kvm_intel/parameters";
	struct dirent *e;
	char path[300];
	size_t n = 0;
	DIR *dir;

	dir = opendir(at);
	CHECK(dir);
	*text = 0;
	while ((e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", at, e->d_name);
		n += snprintf(text + n, size - n, "%s=%s ", e->d_name, file_line(path));
		CHECK(n < size);
	}
	closedir(dir);
}

static int module_delete(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

static void module_insert(const char *params)
{
	int fd = open(VENDOR_FILE("/mod/test"), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fd = OK(open(VENDOR_FILE("/mod/stock"), O_RDONLY | O_CLOEXEC));
	OK(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
}

static void must_be_busy(void)
{
	ERR(module_delete(VENDOR), EAGAIN);
	ERR(module_delete("kvm"), EAGAIN);
}

/* Nobody holds it; a process that was killed may take a moment to let go. */
static void must_go(void)
{
	struct timespec nap = { 0, 10000000 };
	char params[1024];
	int tries = 500;

	params_read(params, sizeof(params));
	while (module_delete(VENDOR)) {
		if (errno != EAGAIN || !tries--)
			FAIL("%s does not go: %s", VENDOR, strerrorname_np(errno));
		nanosleep(&nap, NULL);
	}
	module_insert(params);
}

static void machine(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_done);
}

/* Any one descriptor is enough, whichever is closed before; so is a mapping. */
static void each_descriptor(void)
{
	must_go();
	machine();
	must_be_busy();
	close(v.fd);
	munmap(v.run, v.run_size);
	close(vm.fd);
	must_be_busy();
	close(vm.kvm);
	must_go();

	machine();
	close(vm.kvm);
	close(v.fd);
	munmap(v.run, v.run_size);
	must_be_busy();
	close(vm.fd);
	must_go();

	machine();
	close(vm.kvm);
	close(vm.fd);
	munmap(v.run, v.run_size);
	must_be_busy();
	close(v.fd);
	must_go();

	machine();
	close(vm.kvm);
	close(vm.fd);
	close(v.fd);
	must_be_busy();
	CHECK_EQ(v.run->immediate_exit, 0);
	munmap(v.run, v.run_size);
	must_go();
}

/* The vCPU's descriptor holds its VM. */
static void runs_without_vm_fd(void)
{
	machine();
	close(vm.kvm);
	close(vm.fd);
	vcpu_until(&v, PORT_DONE);
	must_be_busy();
	munmap(v.run, v.run_size);
	close(v.fd);
	must_go();
}

static void *spin(void *vcpu)
{
	ioctl(((struct vcpu *)vcpu)->fd, KVM_RUN, 0ul);
	return NULL;
}

/* Both vCPUs in the guest, from threads of this process. */
static void machine_spins(void)
{
	volatile uint32_t *word;
	pthread_t t;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_new(&vm, &w, 1);
	vcpu_code(&v, MODE_LONG, g_spin);
	vcpu_code(&w, MODE_LONG, g_spin);
	CHECK(!pthread_create(&t, NULL, spin, &v));
	CHECK(!pthread_create(&t, NULL, spin, &w));
	word = (void *)vm_u64(&vm, GPA_DATA);
	while (*word < 1000000)
		usleep(1000);
}

/* The ioctl under way has the descriptor; closing it does not end it. */
static void closed_while_running(void)
{
	volatile uint32_t *word;
	uint32_t before;

	machine_spins();
	word = (void *)vm_u64(&vm, GPA_DATA);
	close(v.fd);
	close(w.fd);
	close(vm.fd);
	close(vm.kvm);
	munmap(v.run, v.run_size);
	munmap(w.run, w.run_size);
	before = *word;
	while (*word - before < 1000000)
		usleep(1000);
	must_be_busy();
}

/* A child that does body() and is killed when it has said so. */
static void child_killed(void (*body)(void))
{
	int ready[2];
	char c;
	pid_t pid;

	OK(pipe(ready));
	pid = OK(fork());
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		OK(write(ready[1], "", 1));
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	must_be_busy();
	OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	must_go();
}

static void killed_idle(void)
{
	child_killed(machine);
}

static void killed_in_guest(void)
{
	int i;

	for (i = 0; i < 10; i++)
		child_killed(machine_spins);
}

static void killed_closed(void)
{
	child_killed(closed_while_running);
}

/* The status of a child that does body(). */
static void child_ok(void (*body)(void))
{
	int status;
	pid_t pid = OK(fork());

	if (!pid) {
		body();
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status)
		_exit(1);
}

/* Another process may hold and close what it got, and nothing else. */
static void foreign_use(void)
{
	struct kvm_userspace_memory_region slot = { .slot = 1 };
	struct kvm_regs regs;

	ERR(ioctl(vm.fd, KVM_CREATE_VCPU, 7ul), EIO);
	ERR(ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot), EIO);
	ERR(ioctl(vm.fd, KVM_CHECK_EXTENSION, 0ul), EIO);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EIO);
	ERR(ioctl(v.fd, KVM_GET_REGS, &regs), EIO);
}

static void forked(void)
{
	machine();
	child_ok(foreign_use);
	vcpu_until(&v, PORT_DONE);
	vcpu_close(&v);
	vm_close(&vm);
	must_go();
}

static void fd_send(int sock, int a, int b)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} u = { .h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		       .cmsg_len = CMSG_LEN(2 * sizeof(int)) } };
	struct iovec iov = { "", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &u, .msg_controllen = sizeof(u.buf) };

	memcpy(CMSG_DATA(&u.h), (int[]){ a, b }, 2 * sizeof(int));
	OK(sendmsg(sock, &m, 0));
}

/* Receives the VM's and the vCPU's descriptors into vm.fd and v.fd. */
static void fd_receive(int sock)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} u;
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &u, .msg_controllen = sizeof(u.buf) };
	int fd[2];

	CHECK_EQ(recvmsg(sock, &m, 0), 1);
	CHECK_EQ(u.h.cmsg_len, CMSG_LEN(2 * sizeof(int)));
	memcpy(fd, CMSG_DATA(&u.h), sizeof(fd));
	vm.fd = fd[0];
	v.fd = fd[1];
}

static void sockets(int *sock)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) < 0 && errno == ENOSYS)
		test_skip("the kernel has no sockets");
	CHECK(sock[0] >= 0);
}

/* The VM outlives its VMM: memory gone, nobody can use it, nothing breaks. */
static void handed_on(void)
{
	int sock[2] = { -1, -1 };
	pid_t pid;

	sockets(sock);
	pid = OK(fork());
	if (!pid) {
		machine_spins();
		fd_send(sock[1], vm.fd, v.fd);
		for (;;)
			pause();
	}
	fd_receive(sock[0]);
	foreign_use();
	OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	foreign_use();
	must_be_busy();
	close(v.fd);
	must_be_busy();
	close(vm.fd);
	must_go();
}

/* In flight in a socket that nobody reads any more: the sweep gets them. */
static void lost_in_flight(void)
{
	int sock[2] = { -1, -1 };

	machine();
	sockets(sock);
	fd_send(sock[1], vm.fd, v.fd);
	vcpu_close(&v);
	vm_close(&vm);
	must_be_busy();
	close(sock[0]);
	close(sock[1]);
	must_go();
}

static void exec_closes(void)
{
	int fds[] = { 0, 0 };
	unsigned int i;

	machine();
	fds[0] = vm.fd;
	fds[1] = v.fd;
	for (i = 0; i < 2; i++)
		CHECK_EQ(OK(fcntl(fds[i], F_GETFD)) & FD_CLOEXEC, FD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "each_descriptor", each_descriptor, 0 },
		{ "runs_without_vm_fd", runs_without_vm_fd, 0 },
		{ "killed_idle", killed_idle, 0 },
		{ "killed_in_guest", killed_in_guest, 0 },
		{ "killed_closed", killed_closed, 0 },
		{ "forked", forked, 0 },
		{ "handed_on", handed_on, 0 },
		{ "lost_in_flight", lost_in_flight, 0 },
		{ "exec_closes", exec_closes, 0 },
		{ NULL, NULL, 0 }
	};

	return test_main(argc, argv, cases);
}
