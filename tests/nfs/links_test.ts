import { testInGuest } from "./guests.ts";

testInGuest("hosts that are cut off, and clients with them; restarts of the server", {
  programs: ["validity.ts", "restarts.ts"],
});
