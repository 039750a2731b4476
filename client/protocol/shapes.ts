/**
 * What values of answers look like: small questions that a reader of answers puts together.
 *
 * @module
 */
import { type Fields, isFields } from "./fields.ts";

/** An integer that JavaScript can count with. */
export function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** A text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Absent, or of that shape. */
export function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}

/** A list of objects of that shape. */
export function isArrayOf(value: unknown, is: (fields: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isFields(one) && is(one));
}

/** Names with their tokens, one at least. */
export function isAllFenced(all: unknown): boolean {
  return Array.isArray(all) && all.length > 0 &&
    all.every((one) => isFields(one) && isText(one.name) && isNumber(one.token));
}
