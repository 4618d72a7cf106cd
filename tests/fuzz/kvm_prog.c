// SPDX-License-Identifier: GPL-2.0-only
/* Programs: made, changed, written down. */
#include "tests/fuzz/kvm.h"

#define HEAD	sizeof(struct setup)

static uint8_t op_pick(void)
{
	static unsigned int total;
	unsigned int i, n;

	if (!total)
		for (i = 0; i < ops_nr; i++)
			total += ops[i].weight;
	n = below(total);
	for (i = 0; n >= ops[i].weight; i++)
		n -= ops[i].weight;
	return i;
}

static struct call call_make(void)
{
	return (struct call){
		.op = op_pick(), .thread = below(THREADS), .arg = rnd(), .seed = rnd(),
	};
}

void prog_make(struct prog *p, uint64_t seed)
{
	unsigned int i;

	rnd_start(seed, 0);
	memset(p, 0, sizeof(*p));
	p->setup = (struct setup){
		.chips = below(CHIPS_KINDS), .cpus = below(CPUS_MAX),
		.memory = below(MEM_KINDS), .flags = rnd(), .seed = rnd(),
	};
	p->n = 1 + below(CALLS_MAX);
	for (i = 0; i < p->n; i++)
		p->call[i] = call_make();
}

static void calls_insert(struct prog *p, const struct call *from, unsigned int n)
{
	unsigned int at = below(p->n + 1);

	if (n > CALLS_MAX - p->n)
		n = CALLS_MAX - p->n;
	memmove(p->call + at + n, p->call + at, (p->n - at) * sizeof(*from));
	memcpy(p->call + at, from, n * sizeof(*from));
	p->n += n;
}

static void calls_drop(struct prog *p)
{
	unsigned int at = below(p->n), n = 1 + below(3);

	if (n > p->n - at)
		n = p->n - at;
	memmove(p->call + at, p->call + at + n, (p->n - at - n) * sizeof(p->call[0]));
	p->n -= n;
}

static void setup_change(struct setup *s)
{
	switch (below(5)) {
	case 0:
		s->chips = below(CHIPS_KINDS);
		break;
	case 1:
		s->cpus = below(CPUS_MAX);
		break;
	case 2:
		s->memory = below(MEM_KINDS);
		break;
	case 3:
		s->flags ^= 1 << below(FLAGS);
		break;
	default:
		s->seed = rnd();
	}
}

static void call_change(struct call *c)
{
	switch (below(8)) {
	case 0:
		c->op = op_pick();
		break;
	case 1:
		c->thread = below(THREADS);
		break;
	case 2:
	case 3:
		c->arg = rnd();
		break;
	default:
		c->seed = rnd();
	}
}

void prog_mutate(struct prog *p, const struct prog *other, uint64_t seed)
{
	struct call c;
	unsigned int n, from;

	rnd_start(seed, 1);
	for (n = 1 + below(4); n; n--) {
		switch (p->n ? below(10) : 0) {
		case 0 ... 2:
			c = call_make();
			calls_insert(p, &c, 1);
			break;
		case 3:
			calls_drop(p);
			break;
		case 4:
			from = below(other->n + 1);
			calls_insert(p, other->call + from, below(other->n - from + 1));
			break;
		case 5:
			c = p->call[below(p->n)];
			calls_insert(p, &c, 1);
			break;
		case 6:
			setup_change(&p->setup);
			break;
		default:
			call_change(&p->call[below(p->n)]);
		}
	}
}

static void bytes_print(const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	while (n--)
		printf("%02x", *b++);
}

void prog_print(const struct prog *p, char mark)
{
	printf("%c ", mark);
	bytes_print(&p->setup, HEAD);
	bytes_print(p->call, p->n * sizeof(p->call[0]));
	putchar('\n');
	fflush(stdout);
}

bool prog_parse(struct prog *p, const char *line)
{
	uint8_t bytes[HEAD + sizeof(p->call)];
	unsigned int byte, n = 0, i;

	while (n < sizeof(bytes) && sscanf(line + 2 * n, "%2x", &byte) == 1)
		bytes[n++] = byte;
	if (n < HEAD || (n - HEAD) % sizeof(p->call[0]))
		return false;
	memset(p, 0, sizeof(*p));
	memcpy(&p->setup, bytes, HEAD);
	memcpy(p->call, bytes + HEAD, n - HEAD);
	p->n = (n - HEAD) / sizeof(p->call[0]);
	for (i = 0; i < p->n; i++) {
		p->call[i].op %= ops_nr;
		p->call[i].thread %= THREADS;
	}
	return true;
}

void prog_show(const struct prog *p)
{
	unsigned int i;

	printf("chips %u, %u vCPUs, memory %u, flags %#x, seed %#x\n",
	       p->setup.chips % CHIPS_KINDS, p->setup.cpus % CPUS_MAX + 1,
	       p->setup.memory % MEM_KINDS, p->setup.flags & ((1 << FLAGS) - 1), p->setup.seed);
	for (i = 0; i < p->n; i++)
		printf("%2u: thread %u: %s %#x %#x\n", i, p->call[i].thread,
		       ops[p->call[i].op].name, p->call[i].arg, p->call[i].seed);
}
