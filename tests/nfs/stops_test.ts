import { testInGuest } from "./guests.ts";

testInGuest("daemons and clients that stop or die, and a full disk", {
  programs: ["stops.ts", "full_disk.ts"],
});
