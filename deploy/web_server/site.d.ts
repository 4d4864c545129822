/* What the start script makes global for the modules of this site. */

declare const serverConf: {
  bind: string;
  user: string;
  scriptTimeout: number;
  connectTimeout: number;
  developerMode: boolean;
  daemon: boolean;
  htmlRoot: string;
  appsRoot: string;
  dataRoot: string;
};
