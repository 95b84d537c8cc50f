import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import descriptor from '../../proto/gen/api.json' with { type: 'json' };
import { neededRoles, ruleOf } from '../../server/rpc/method-rule.ts';
import { neededBy, rpcTable } from '../e2e/remote/rpc-table.ts';

const services = Object.entries(loadApi()).filter(
  ([name, definition]) => name.endsWith('Service') && !('format' in definition),
) as [string, ServiceDefinition][]; // proto-loader mixes services with messages in one map

describe('the API', () => {
  it('has services', () => {
    assert.ok(services.length >= 9);
  });

  for (const [name, service] of services) {
    for (const [method, definition] of Object.entries(service)) {
      it(`declares a permission for ${name}.${method}`, () => {
        const { permission } = ruleOf(definition) ?? {};
        assert.ok(permission !== undefined && permission !== 'PERMISSION_UNSPECIFIED');
      });
    }
  }

  it('has a row for every method in the table of what restricted clients may do', () => {
    const methods = services.flatMap(([name, service]) =>
      Object.keys(service).map((method) => `${name.replace('yurt.v1.', '')}/${method}`),
    );
    assert.deepEqual(Object.keys(rpcTable).sort(), methods.sort());
  });

  it('has the table say "admin" where the API does', () => {
    for (const [name, service] of services) {
      for (const [method, definition] of Object.entries(service)) {
        const { rule } = rpcTable[`${name.replace('yurt.v1.', '')}/${method}`] ?? {};
        assert.equal(rule === 'admin', ruleOf(definition)?.permission === 'PERMISSION_ADMIN', `${name}/${method}`);
        assert.equal(rule === 'stranger', ruleOf(definition)?.permission === 'PERMISSION_PUBLIC', `${name}/${method}`);
      }
    }
  });

  for (const [name, service] of services) {
    for (const [methodName, definition] of Object.entries(service)) {
      const method = `${name.replace('yurt.v1.', '')}/${methodName}`;
      const rule = ruleOf(definition);
      const row = rpcTable[method];
      if (rule === undefined || row === undefined) continue; // for the tests above

      it(`says of ${method} what the table of permissions says`, () => {
        const needed = neededRoles[rule.permission];
        if (row.rule !== 'admin' && row.rule !== 'stranger') assert.equal(needed, neededBy(method));
        assert.equal(rule.instance !== undefined, row.rule === 'instance');
        assert.equal(rule.operation !== undefined, row.rule === 'operation');
        assert.equal(rule.session !== undefined, row.session === true);
        assert.equal(rule.project !== 'project', row.rule === 'named');
        assert.deepEqual([rule.contents, rule.creates], [row.contents === true, row.creates === true]);
      });

      it(`names fields that requests of ${method} have`, () => {
        const fields = requestFields(name, methodName);
        for (const field of [rule.instance, rule.operation, rule.session])
          if (field !== undefined) assert.ok(field in fields, field);
        const aboutProject = rule.project in fields;
        if (rule.project !== 'project' || rule.instance !== undefined) assert.ok(aboutProject);
        // What is about neither a project nor an operation is about the server: all who are trusted may look, no more.
        if (!aboutProject && rule.operation === undefined && needed(rule) !== undefined) {
          assert.equal(row.rule, 'everybody');
          assert.equal(rule.permission, 'PERMISSION_VIEW');
        }
      });
    }
  }
});

const needed = ({ permission }: { permission: keyof typeof neededRoles }) => neededRoles[permission];

/** Of a request, or of what begins a stream of them. */
function requestFields(service: string, method: string): Record<string, unknown> {
  const messages = descriptor.nested.yurt.nested.v1.nested as unknown as Record<string, Described>; // protobufjs' JSON
  const type = messages[service.replace('yurt.v1.', '')]?.methods?.[method]?.requestType ?? '';
  const fields = messages[type]?.fields ?? {};
  return messages[fields['start']?.type ?? '']?.fields ?? fields;
}

interface Described {
  readonly methods?: Readonly<Record<string, { readonly requestType: string }>>;
  readonly fields?: Record<string, { readonly type: string }>;
}
