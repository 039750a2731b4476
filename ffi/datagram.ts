/**
 * Single datagrams to sockets that have a name in the file system, as service managers listen on.
 *
 * Sources: unix(7), sendto(2), sd_notify(3); Linux `include/uapi/linux/un.h`.
 *
 * @module
 */

/** Sends datagrams. */
export interface DatagramCalls {
  /**
   * Sends one datagram at once or not at all, never waiting: 0, or a negative error number. `address` is of
   * {@link unixAddress}.
   */
  sendDatagram(address: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): number;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** What `socket` is called with. */
export const UNIX_DATAGRAM = [AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0] as const;

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** What `sendto` is called with. */
export const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;

/** Length of `sun_path`. */
const PATH_BYTES_MAX = 108;

/**
 * The `sockaddr_un` of a socket: an absolute path, or a name of the abstract kind that begins with `@`.
 * Undefined when it is neither, or too long.
 *
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 *
 * deepEqual([...unixAddress("@ab") ?? []], [1, 0, 0, 97, 98]);
 * deepEqual([...unixAddress("/ab") ?? []], [1, 0, 47, 97, 98, 0]);
 * ```
 */
export function unixAddress(name: string): Uint8Array<ArrayBuffer> | undefined {
  const path = new TextEncoder().encode(name);
  const isAbstract = name.startsWith("@");
  if ((!isAbstract && !name.startsWith("/")) || path.length >= PATH_BYTES_MAX || path.includes(0)) {
    return undefined;
  }
  // A path ends with a zero; an abstract name begins with one, and all of its length counts.
  const address = new Uint8Array(2 + path.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(path, 2);
  if (isAbstract) address[2] = 0;
  return address;
}
