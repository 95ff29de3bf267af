import { expect, test } from 'vitest'
import { UsageError } from './command-line.ts'
import { migrationFile } from './migration-file.ts'

const now = new Date('2026-12-24T18:30:05.123Z')

test('a migration is named after the time in UTC', () => {
  expect(migrationFile('add_cars', ['20261130000100_baseline.sql'], now)).toBe('20261224183005_add_cars.sql')
})

test('a clock that is behind the last migration does not put the new one before it', () => {
  const existing = ['20270101000059_late.sql', '20261130000100_baseline.sql']
  expect(migrationFile('add_cars', existing, now)).toBe('20270101000060_add_cars.sql')
})

test.each(['', 'AddCars', 'add-cars', 'add cars', '_cars', 'cars_', '1st', '../cars', 'cars.sql'])(
  '"%s" is refused as a name',
  (name) => {
    expect(() => migrationFile(name, [], now)).toThrow(UsageError)
  },
)

test('a name that another migration has is refused', () => {
  expect(() => migrationFile('cars', ['20261130000100_cars.sql'], now)).toThrow('20261130000100_cars.sql')
})
