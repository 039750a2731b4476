import { testInGuest } from "./guests.ts";

testInGuest("exclusion between two hosts", { programs: ["exclusion.ts"] });
