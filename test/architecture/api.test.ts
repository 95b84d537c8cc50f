import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import { permissionOf } from '../../server/rpc/router.ts';

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
});
