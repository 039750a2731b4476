/**
 * What a gRPC call failed with, as the store acts on it.
 *
 * Source: the codes of gRPC (https://grpc.io/docs/guides/status-codes/). Of a call that ended by anything but
 * the codes in {@link DEFINITE} nobody knows whether it was carried out.
 *
 * @module
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { EtcdFault, type FaultReason } from "./calls.ts";

const DEFINITE: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.ResourceExhausted,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.OutOfRange,
  Code.AlreadyExists,
  Code.Unimplemented,
]);

/** The code of an error of a call; undefined when it is none. */
export function codeOf(error: unknown): Code | undefined {
  return error instanceof ConnectError ? error.code : undefined;
}

/**
 * Whether a call failed for what the cluster was told of who we are, so that nothing was carried out: a token
 * that ran out, or that is older than a change of users or rights. Of a watch etcd 3.4 says no more than that
 * it is not permitted.
 */
export function isStaleLogin(error: unknown): boolean {
  if (error instanceof EtcdFault) return error.reason === "denied";
  const code = codeOf(error);
  return code === Code.Unauthenticated ||
    (code === Code.InvalidArgument && /auth store is old/.test(String(error)));
}

/** Why etcd ended a watch, in its words. */
export function faultOfWatch(cancelReason: string): EtcdFault {
  const denied = /permission denied|invalid auth token|auth store is old|user name is empty/.test(
    cancelReason,
  );
  const message = `etcd ended the watch: ${cancelReason}`;
  return new EtcdFault(message, { ambiguous: !denied, reason: denied ? "denied" : "failed" });
}

/** The fault that an error is; `endpoint` is who was asked. */
export function faultOf(error: unknown, endpoint: string): EtcdFault {
  if (error instanceof EtcdFault) return error;
  const { code, rawMessage } = ConnectError.from(error);
  const message = `${endpoint}: ${rawMessage}`;
  return new EtcdFault(message, {
    ambiguous: !DEFINITE.has(code),
    reason: reasonOf(code, rawMessage),
    cause: error,
  });
}

function reasonOf(code: Code, message: string): FaultReason {
  if (code === Code.ResourceExhausted && /space exceeded/.test(message)) return "no-space";
  if (code === Code.NotFound && /lease not found/.test(message)) return "lease-gone";
  if (code === Code.OutOfRange && /compacted/.test(message)) return "compacted";
  if (code === Code.Unauthenticated || code === Code.PermissionDenied) return "denied";
  return "failed";
}
