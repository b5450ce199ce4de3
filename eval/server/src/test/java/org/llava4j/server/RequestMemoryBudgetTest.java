package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class RequestMemoryBudgetTest {
    private final RequestMemoryBudget budget = new RequestMemoryBudget(100 << 10);

    @Test
    void growToRejectsRequestsOverTheBudget() {
        try (RequestMemoryBudget.Reservation one = budget.reserve("client");
                RequestMemoryBudget.Reservation other = budget.reserve("client")) {
            one.growTo(10 << 10);
            one.growTo(60 << 10);
            assertThatThrownBy(() -> other.growTo(60 << 10))
                    .isInstanceOfSatisfying(
                            ApiException.class, e -> assertThat(e.status()).isEqualTo(429))
                    .hasMessageContaining("send this request again later");
            other.growTo(30 << 10);
            one.close();
            one.close();
            other.growTo(90 << 10);
        }
        try (RequestMemoryBudget.Reservation all = budget.reserve("client")) {
            assertThatCode(() -> all.growTo(99 << 10)).doesNotThrowAnyException();
        }
    }

    @Test
    void smallBodyTakesMemory() {
        RequestMemoryBudget small = new RequestMemoryBudget(2 << 10);
        small.reserve("one").growTo(1);
        small.reserve("two").growTo(1);
        assertThatThrownBy(() -> small.reserve("three").growTo(1))
                .hasMessageContaining("send this request again later");
    }

    private static ByteBuffer kilobytes(int count) {
        return ByteBuffer.allocate(count << 10);
    }

    @Test
    void bodyOfAnotherClientDisplacesNewestOfTheLargest() {
        RequestMemoryBudget.Reservation parsed = budget.reserve("greedy");
        parsed.append(kilobytes(30));
        assertThat(parsed.complete()).hasSize(30 << 10);
        RequestMemoryBudget.Reservation first = budget.reserve("greedy");
        first.append(kilobytes(30));
        RequestMemoryBudget.Reservation second = budget.reserve("greedy");
        second.append(kilobytes(30));
        RequestMemoryBudget.Reservation other = budget.reserve("other");
        other.append(kilobytes(20));
        assertThat(second.size()).as("its memory is free").isZero();
        assertThatThrownBy(() -> second.append(kilobytes(1))).hasMessageContaining("send this request again later");
        assertThatThrownBy(second::complete).hasMessageContaining("send this request again later");
        second.close();
        first.append(kilobytes(10));
        assertThat(first.complete()).hasSize(40 << 10);
        assertThat(other.complete()).hasSize(20 << 10);
    }
}
