/** What `reservex --version` says; workers and whoever calls them compare it. */
export const VERSION = "0.1.0";
