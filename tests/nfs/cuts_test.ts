import { testInGuest } from "./guests.ts";

testInGuest("hosts that are cut off", { programs: ["cuts.ts"] });
