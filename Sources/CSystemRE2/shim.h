/* RE2 is reached through CRE2; this header only lets pkg-config name the library. */
