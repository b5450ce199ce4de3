package org.llava4j.data.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class AddressSpaceTest {
    private static final List<String> STATUS = List.of("Name:\tjava", "VmPeak:\t 3000000 kB", "VmSize:\t 2000000 kB");

    @Test
    void availableIsLimitMinusMappedSize() {
        assertThat(AddressSpace.available(
                        List.of("Max data size  unlimited  unlimited  bytes", limit("4096000000")), STATUS))
                .isEqualTo(2_048_000_000L);
        assertThat(AddressSpace.available(List.of(limit("1000")), STATUS)).isZero();
        assertThat(AddressSpace.available(List.of(limit("unlimited")), STATUS)).isNull();
        assertThat(AddressSpace.available(List.of(), STATUS)).isNull();
        assertThat(AddressSpace.available(List.of(limit("4096000000")), List.of()))
                .isNull();
    }

    @Test
    void requireReportsMissingMemory() {
        AddressSpace.require(null, Long.MAX_VALUE, "everything");
        AddressSpace.require(3L << 20, 3 << 20, "a kernel");
        assertThatThrownBy(() -> AddressSpace.require(3L << 20, 4 << 20, "a kernel"))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("the limit of the address space leaves 3 MB, a kernel needs 4 MB");
    }

    private static String limit(String soft) {
        return "Max address space         " + soft + "            unlimited            bytes     ";
    }
}
