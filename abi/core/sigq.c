/* Pending signals: order of arrival within a number. */
#include "abi/core/sigq.h"

#include <string.h>

void
sigq_add(struct sigq *q, const struct gsiginfo *si, bool room)
{
	if (room && q->n < SIGQ_MAX)
		q->item[q->n++] = *si;
	else
		gsig_add(&q->bare, si->signo);
	gsig_add(&q->pending, si->signo);
}

static void
remove_at(struct sigq *q, uint32_t i)
{
	memmove(&q->item[i], &q->item[i + 1], (q->n - i - 1) * sizeof(q->item[0]));
	q->n--;
}

static uint32_t
find_from(const struct sigq *q, uint32_t i, int signo)
{
	while (i < q->n && q->item[i].signo != signo)
		i++;
	return i;
}

void
sigq_remove(struct sigq *q, uint32_t i)
{
	int signo = q->item[i].signo;

	remove_at(q, i);
	if (find_from(q, 0, signo) == q->n && !gsig_has(&q->bare, signo))
		gsig_del(&q->pending, signo);
}

bool
sigq_take(struct sigq *q, int signo, struct gsiginfo *ret)
{
	uint32_t at = find_from(q, 0, signo);

	if (!gsig_has(&q->pending, signo))
		return false;
	if (gsig_has(&q->bare, signo)) {
		*ret = (struct gsiginfo){.signo = signo};
		gsig_del(&q->bare, signo);
	} else {
		*ret = q->item[at];
		remove_at(q, at);
		at = find_from(q, at, signo);
	}
	if (at == q->n)
		gsig_del(&q->pending, signo);
	return true;
}

void
sigq_flush(struct sigq *q, struct gsigset set)
{
	for (uint32_t i = q->n; i-- > 0;)
		if (gsig_has(&set, q->item[i].signo))
			remove_at(q, i);
	q->pending = gsig_without(q->pending, set);
	q->bare = gsig_without(q->bare, set);
}
