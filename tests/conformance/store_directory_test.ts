import { DirectoryStage } from "../support/store_stage.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("DirectoryStore", () => new DirectoryStage());
