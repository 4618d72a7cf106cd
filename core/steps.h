/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Order is an array: creation runs a list of steps forward, failure and
 * destruction run it backward.
 */
#ifndef LAMINA_CORE_STEPS_H
#define LAMINA_CORE_STEPS_H

#include <linux/types.h>
#include <linux/errno.h>

/**
 * struct step - one step of a creation
 * @name: for messages and tests
 * @up: do it; 0 or a negative errno with nothing left behind
 * @down: undo it; cannot fail; NULL when there is nothing to undo
 */
struct step {
	const char *name;
	int (*up)(void *obj);
	void (*down)(void *obj);
};

/**
 * struct step_array - a creation
 * @name: what is created
 * @step: the steps in order
 * @n: how many
 * @fail: test builds: index of the step that is undone and reported as failed
 */
struct step_array {
	const char *name;
	const struct step *step;
	unsigned int n;
#ifdef LAMINA_TEST
	int *fail;
#endif
};

/** steps_nothing - for a step whose object is made when first needed */
static inline int steps_nothing(void *obj)
{
	return 0;
}

/**
 * steps_down - undo the first @n steps, last one first
 * @a: the array
 * @n: how many steps were done
 * @obj: the object
 */
static inline void steps_down(const struct step_array *a, unsigned int n,
			      void *obj)
{
	while (n--)
		if (a->step[n].down)
			a->step[n].down(obj);
}

/**
 * steps_up - run all steps; when one fails, undo those before it
 * @a: the array
 * @obj: the object
 *
 * Return: 0, or what the failing step returned.
 */
static inline int steps_up(const struct step_array *a, void *obj)
{
	unsigned int i;
	int err;

	for (i = 0; i < a->n; i++) {
		err = a->step[i].up(obj);
#ifdef LAMINA_TEST
		if (!err && a->fail && *a->fail == (int)i) {
			if (a->step[i].down)
				a->step[i].down(obj);
			err = -EIO;
		}
#endif
		if (err) {
			steps_down(a, i, obj);
			return err;
		}
	}
	return 0;
}

#endif
