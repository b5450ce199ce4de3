package org.llava4j.data.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class AddressSpaceTest {
    private static final List<String> STATUS = List.of("Name:\tjava", "VmPeak:\t 3000000 kB", "VmSize:\t 2000000 kB");

    @Test
    void availableIsLimitMinusMappedSize() {
        assertThat(AddressSpace.available(
                        List.of("Max data size  unlimited  unlimited  bytes", limit("4096000000")), STATUS))
                .hasValue(2_048_000_000L);
        assertThat(AddressSpace.available(List.of(limit("1000")), STATUS)).hasValue(0);
        assertThat(AddressSpace.available(List.of(limit("unlimited")), STATUS)).isEmpty();
        assertThat(AddressSpace.available(List.of(), STATUS)).isEmpty();
        assertThat(AddressSpace.available(List.of(limit("4096000000")), List.of()))
                .isEmpty();
    }

    @Test
    void requireReportsMissingMemory() {
        AddressSpace.require(OptionalLong.empty(), Long.MAX_VALUE, "everything");
        AddressSpace.require(OptionalLong.of(3 << 20), 3 << 20, "a kernel");
        assertThatThrownBy(() -> AddressSpace.require(OptionalLong.of(3 << 20), 4 << 20, "a kernel"))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("the limit of the address space leaves 3 MB, a kernel needs 4 MB");
    }

    private static String limit(String soft) {
        return "Max address space         " + soft + "            unlimited            bytes     ";
    }
}
