/** The part of the OCI runtime specification's `config.json` that yurt writes (opencontainers/runtime-spec v1.0.2). */
export type OciSpec = Record<string, unknown>;
