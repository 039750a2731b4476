import { DirectoryStage } from "../support/store_stage.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("DirectoryStore", () => new DirectoryStage());
storeSuite("DirectoryStore that has its directory alone", () => new DirectoryStage({ sole: true }));
storeSuite("DirectoryStore on NFS", () => new DirectoryStage({ over: "nfs" }));
