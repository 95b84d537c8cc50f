import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import { permissionOf } from '../../server/rpc/router.ts';
import { rpcTable } from '../e2e/remote/rpc-table.ts';

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
        const permission = permissionOf(definition);
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
        assert.equal(rule === 'admin', permissionOf(definition) === 'PERMISSION_ADMIN', `${name}/${method}`);
        assert.equal(rule === 'stranger', permissionOf(definition) === 'PERMISSION_PUBLIC', `${name}/${method}`);
      }
    }
  });
});
