/**
 * The options of the etcd store.
 *
 * @module
 */
import { type Option, PATH, PREFIX, TEXT, URLS } from "./option_form.ts";

/** What the daemon was told of its etcd cluster. */
export interface EtcdConfig {
  /** Members of the etcd cluster that has the locks; null: the directory has them. */
  readonly etcd: readonly string[] | null;
  /** Begins all keys in etcd. */
  readonly etcdPrefix: string;
  /** Paths of PEM files, or null. */
  readonly etcdCa: string | null;
  readonly etcdCert: string | null;
  readonly etcdKey: string | null;
  readonly etcdUser: string | null;
  /** Path of a file with the password of that user, or null. */
  readonly etcdPasswordFile: string | null;
}

/** Its options, for the table of all. */
export const ETCD_OPTIONS = {
  etcd: { form: URLS, initial: null, help: "members of an etcd cluster, which then has the locks" },
  etcdPrefix: { form: PREFIX, initial: "distrilock/", help: "what all keys in etcd begin with" },
  etcdCa: {
    form: PATH,
    initial: null,
    help: "certificates that etcd's own is checked by (default: the system's)",
  },
  etcdCert: { form: PATH, initial: null, help: "certificate that etcd is shown" },
  etcdKey: { form: PATH, initial: null, help: "key of that certificate" },
  etcdUser: { form: TEXT, initial: null, help: "user of etcd" },
  etcdPasswordFile: { form: PATH, initial: null, help: "file with the password of that user" },
} as const satisfies Record<string, Option<unknown>>;

/** What is wrong with them taken together; undefined: nothing. */
export function checkEtcd(
  { etcd, etcdCert, etcdKey, etcdUser, etcdPasswordFile }: EtcdConfig,
): string | undefined {
  const pairs = [
    ["--etcd-cert", etcdCert, "--etcd-key", etcdKey],
    ["--etcd-user", etcdUser, "--etcd-password-file", etcdPasswordFile],
  ] as const;
  for (const [one, oneValue, other, otherValue] of pairs) {
    if ((oneValue === null) !== (otherValue === null)) {
      return `Cannot use ${oneValue === null ? other : one} alone: want ${one} and ${other}`;
    }
    if (oneValue !== null && etcd === null) return `Cannot use ${one} without --etcd`;
  }
  return undefined;
}
