import { testInGuest } from "./guests.ts";

testInGuest("mounts that are refused", { programs: ["refusals.ts"], settings: { GUEST_V3: "1" } });
