/* Pending signals: order of arrival within a number, lowest number first. */
#include "abi/core/sigq.h"

#include <string.h>

bool
sigq_add(struct sigq *q, const struct gsiginfo *si, bool queues)
{
	if (!queues && gsig_has(&q->pending, si->signo))
		return true;
	if (q->n == SIGQ_MAX)
		return false;
	q->item[q->n++] = *si;
	gsig_add(&q->pending, si->signo);
	return true;
}

static int
lowest(const struct gsigset *pending, const struct gsigset *blocked)
{
	for (int i = 0; i < 2; i++) {
		uint64_t w = pending->w[i] & ~blocked->w[i];

		if (w)
			return i * 64 + __builtin_ctzll(w) + 1;
	}
	return 0;
}

static void
remove_at(struct sigq *q, uint32_t i)
{
	memmove(&q->item[i], &q->item[i + 1], (q->n - i - 1) * sizeof(q->item[0]));
	q->n--;
}

bool
sigq_take(struct sigq *q, const struct gsigset *blocked, struct gsiginfo *ret)
{
	int signo = lowest(&q->pending, blocked);
	bool found = false, more = false;

	if (!signo)
		return false;
	for (uint32_t i = 0; i < q->n && !more;) {
		if (q->item[i].signo != signo) {
			i++;
		} else if (!found) {
			*ret = q->item[i];
			remove_at(q, i);
			found = true;
		} else {
			more = true;
		}
	}
	if (!more)
		gsig_del(&q->pending, signo);
	return found;
}

void
sigq_flush(struct sigq *q, int signo)
{
	for (uint32_t i = q->n; i-- > 0;)
		if (q->item[i].signo == signo)
			remove_at(q, i);
	gsig_del(&q->pending, signo);
}
