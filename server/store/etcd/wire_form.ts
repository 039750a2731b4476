/**
 * Transactions and entries in the form of etcd's API.
 *
 * @module
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  CompareSchema,
  Event_EventType,
  type KeyValue,
  RequestOpSchema,
  type ResponseOp,
  type TxnRequest,
  TxnRequestSchema,
  type TxnResponse,
  type WatchResponse,
} from "./gen/etcd_pb.ts";
import type { Answered, Branch, Change, Comparison, Entry, Operation, Transaction } from "./transaction.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A key as bytes. */
export function keyBytes(key: string): Uint8Array {
  return ENCODER.encode(key);
}

/** A transaction as etcd is sent it. */
export function requestOf(transaction: Transaction): TxnRequest {
  return create(TxnRequestSchema, txnInit(transaction));
}

/** What came of a transaction. */
export function branchOf({ succeeded, responses }: TxnResponse): Branch {
  return { succeeded, answers: responses.map(answeredOf) };
}

/** A key with its value, as the store has it. */
export function entryOf({ key, value, createRevision, modRevision, lease }: KeyValue): Entry {
  return {
    key: DECODER.decode(key),
    value: DECODER.decode(value),
    created: Number(createRevision),
    modified: Number(modRevision),
    lease: Number(lease),
  };
}

/** What a watch tells. */
export function changesOf({ events }: WatchResponse): Change[] {
  return events.flatMap(({ type, kv }): Change[] => {
    if (!kv) return [];
    if (type === Event_EventType.PUT) return [{ put: entryOf(kv) }];
    return [{ deleted: DECODER.decode(kv.key), revision: Number(kv.modRevision) }];
  });
}

function txnInit({ when, then, otherwise }: Transaction): MessageInitShape<typeof TxnRequestSchema> {
  return {
    compare: when.map(compareInit),
    success: then.map(operationInit),
    failure: otherwise.map(operationInit),
  };
}

function compareInit({ key, end, of, is, revision }: Comparison): MessageInitShape<typeof CompareSchema> {
  const value = BigInt(revision);
  return {
    result: is === "equal" ? Result.EQUAL : Result.NOT_EQUAL,
    target: of === "created" ? Target.CREATE : Target.MOD,
    targetUnion: of === "created" ? { case: "createRevision", value } : { case: "modRevision", value },
    key: keyBytes(key),
    ...(end === undefined ? {} : { rangeEnd: keyBytes(end) }),
  };
}

function operationInit(operation: Operation): MessageInitShape<typeof RequestOpSchema> {
  switch (operation.do) {
    case "put": {
      const { key, value, lease = 0 } = operation;
      const put = { key: keyBytes(key), value: ENCODER.encode(value), lease: BigInt(lease) };
      return { request: { case: "requestPut", value: put } };
    }
    case "delete":
      return { request: { case: "requestDeleteRange", value: rangeInit(operation) } };
    case "get":
      return { request: { case: "requestRange", value: rangeInit(operation) } };
    case "try":
      return { request: { case: "requestTxn", value: txnInit(operation.txn) } };
  }
}

function rangeInit({ key, end }: { readonly key: string; readonly end?: string }) {
  return { key: keyBytes(key), ...(end === undefined ? {} : { rangeEnd: keyBytes(end) }) };
}

function answeredOf({ response }: ResponseOp): Answered {
  if (response.case === "responseRange") return { entries: response.value.kvs.map(entryOf) };
  if (response.case === "responsePut") return { entries: [], changed: true };
  if (response.case === "responseDeleteRange") return { entries: [], changed: response.value.deleted > 0n };
  if (response.case === "responseTxn") return { entries: [], branch: branchOf(response.value) };
  return { entries: [] };
}
