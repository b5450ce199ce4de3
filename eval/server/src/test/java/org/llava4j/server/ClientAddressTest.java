package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class ClientAddressTest {
    private static ClientAddress of(String address) throws UnknownHostException {
        return ClientAddress.of(InetAddress.getByName(address));
    }

    @Test
    void addressesOfOneIpv6NetworkAreOneClient() throws UnknownHostException {
        assertThat(of("2001:db8:1:2::1"))
                .isEqualTo(of("2001:db8:1:2:ffff:ffff:ffff:ffff"))
                .hasSameHashCodeAs(of("2001:db8:1:2::7"))
                .hasToString("2001:db8:1:2::/64")
                .isNotEqualTo(of("2001:db8:1:3::1"));
    }

    @Test
    void ipv4AddressesAreDifferentClients() throws UnknownHostException {
        assertThat(of("192.0.2.1"))
                .isEqualTo(ClientAddress.of(new InetSocketAddress("192.0.2.1", 80)))
                .isEqualTo(of("::ffff:192.0.2.1"))
                .hasToString("192.0.2.1")
                .isNotEqualTo(of("192.0.2.2"));
        assertThat(ClientAddress.of((InetSocketAddress) null)).isEqualTo(ClientAddress.of((InetSocketAddress) null));
    }
}
