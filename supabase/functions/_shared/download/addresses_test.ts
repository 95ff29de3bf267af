import { assertEquals } from '../testing/asserts.ts'
import { isIpLiteral, isPublicAddress } from './addresses.ts'

const NOT_PUBLIC = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.7',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '[::1]',
  'fc00::1',
  'fd12:3456:789a::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '3fff::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '[::ffff:a9fe:a9fe]',
  '::ffff:0:127.0.0.1',
  '::127.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2002:c0a8:101::1',
  '2002:808:808::1',
  '2620:4f:8000::1',
  '4000::1',
  '5f00::1',
  '192.52.193.1',
  '',
  'localhost',
  'example.com',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '1::2::3',
  '1:2:3:4:5:6:7',
  'g::1',
]

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '[2001:4860:4860::8888]',
  '2a00:1450:4001:81b::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
]

for (const address of NOT_PUBLIC) {
  Deno.test(`is not public: ${address || '(empty)'}`, () => assertEquals(isPublicAddress(address), false))
}
for (const address of PUBLIC) {
  Deno.test(`is public: ${address}`, () => assertEquals(isPublicAddress(address), true))
}

Deno.test('every spelling of an IPv4 address is checked as the address it means', () => {
  const spellings = [
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0x7f.1',
    '127.0.0.1.',
    '127。0。0。1',
  ]
  for (const spelling of spellings) {
    const host = new URL(`https://${spelling}/`).hostname
    assertEquals(isIpLiteral(host), true, spelling)
    assertEquals(isPublicAddress(host), false, spelling)
  }
})

Deno.test('an IP address is told from a name', () => {
  assertEquals(isIpLiteral('[2001:db8::1]'), true)
  assertEquals(isIpLiteral('10.0.0.1'), true)
  assertEquals(isIpLiteral('files.example.com'), false)
})
