import { Fault } from '../base/fault.ts';
import { runProgram } from './programs.ts';
import { failed, type Run } from './run.ts';

/** What a table sees: packets of the host's own network stack, or every frame that one link receives. */
export type FirewallFamily = 'inet' | 'netdev';

/**
 * nftables tables of one family that belong to yurt. Rules of others (Docker's or firewalld's) live in their own
 * tables and are never read or changed here.
 */
export interface Firewall {
  /** The table as nft lists it, without handles; undefined when there is none. */
  list(table: string): Promise<string | undefined>;
  /** Makes the table hold exactly `body` (chains and sets), in one transaction: no packet meets a half-made table. */
  replace(table: string, body: string): Promise<void>;
  /** Idempotent. */
  remove(table: string): Promise<void>;
}

/** What nft(8) says when the kernel lacks a part of nf_tables (nat, masquerade, conntrack). */
const lacksFeature = /Operation not supported|Protocol not supported|No such file or directory/;

/** What each family needs of the kernel, beside nf_tables. */
const needs: Readonly<Record<FirewallFamily, string>> = {
  inet: 'inet, nat and masq (CONFIG_NF_TABLES_INET, NFT_NAT, NFT_MASQ)',
  netdev: 'netdev and limit (CONFIG_NF_TABLES_NETDEV, NETFILTER_INGRESS, NFT_LIMIT)',
};

/** The firewall through nft(8). */
export class NftFirewall implements Firewall {
  readonly #run: Run;
  readonly #family: FirewallFamily;

  constructor(run: Run, family: FirewallFamily = 'inet') {
    this.#run = run;
    this.#family = family;
  }

  async list(table: string): Promise<string | undefined> {
    const result = await runProgram(this.#run, ['nft', '-n', 'list', 'table', this.#family, tableName(table)]);
    return result.exitCode === 0 ? result.stdout : undefined;
  }

  async replace(table: string, body: string): Promise<void> {
    const name = `${this.#family} ${tableName(table)}`;
    // Declaring the table first makes the delete succeed also when there was none.
    await this.#load(`table ${name}\ndelete table ${name}\ntable ${name} {\n${body}}\n`);
  }

  async remove(table: string): Promise<void> {
    const name = `${this.#family} ${tableName(table)}`;
    await this.#load(`table ${name}\ndelete table ${name}\n`);
  }

  async #load(ruleset: string): Promise<void> {
    const result = await runProgram(this.#run, ['nft', '-f', '-'], { input: ruleset });
    if (result.exitCode === 0) return;
    const fault = failed(result);
    if (!lacksFeature.test(result.stderr)) throw fault;
    const message = `${fault.message}; the kernel needs nf_tables with ${needs[this.#family]}`;
    throw new Fault('unsupported', message, { cause: fault });
  }
}

function tableName(table: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(table)) {
    throw new Fault('invalid', `${JSON.stringify(table)} is not a firewall table name`);
  }
  return table;
}
