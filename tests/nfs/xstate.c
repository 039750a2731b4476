/*
 * The kernel of the guest (User Mode Linux before 6.13) knows processor states of at most 2,696 bytes, and the host wants a state back whole: where the processor has AMX, 11,008 bytes
 * and more, the guest cannot start. Preloaded, this gives the guest the part that it knows, and the host the whole with nothing in the rest, which nobody in the guest can use.
 *
 * Sources: ptrace(2), PTRACE_GETREGSET and PTRACE_SETREGSET with NT_X86_XSTATE; Intel SDM volume 1, chapter 13 (layout of the XSAVE area).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#define GETREGSET 0x4204
#define SETREGSET 0x4205
#define X86_XSTATE 0x202
/* Byte 2 of XSTATE_BV, behind the 512 bytes of the legacy area: bits 17 and 18 of it are the states of AMX. */
#define AMX_AT (512 + 2)
#define AMX_BITS 0x06

static unsigned char area[65536] __attribute__((aligned(64)));
static size_t whole;

typedef long (*ptrace_call)(long, pid_t, void *, void *);

long ptrace(long request, pid_t pid, void *kind, void *data)
{
  static ptrace_call next;
  if (!next) next = (ptrace_call)dlsym(RTLD_NEXT, "ptrace");
  if ((long)kind != X86_XSTATE || (request != GETREGSET && request != SETREGSET)) return next(request, pid, kind, data);

  struct iovec *guest = data;
  struct iovec host = {area, sizeof area};
  if (request == GETREGSET || !whole) {
    long answer = next(GETREGSET, pid, kind, &host);
    if (answer < 0) return answer;
    whole = host.iov_len;
  }
  size_t known = guest->iov_len < whole ? guest->iov_len : whole;
  if (request == GETREGSET) {
    memcpy(guest->iov_base, area, known);
    guest->iov_len = known;
    return 0;
  }
  memcpy(area, guest->iov_base, known);
  memset(area + known, 0, whole - known);
  if (known < whole) area[AMX_AT] &= ~AMX_BITS;
  host.iov_len = whole;
  return next(request, pid, kind, &host);
}
