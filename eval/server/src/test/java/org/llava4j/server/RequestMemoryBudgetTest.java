package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RequestMemoryBudgetTest {
    @Test
    void growToRejectsRequestsOverTheBudget() {
        RequestMemoryBudget budget = new RequestMemoryBudget(100 << 10);
        try (RequestMemoryBudget.Reservation one = budget.reserve();
                RequestMemoryBudget.Reservation other = budget.reserve()) {
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
        try (RequestMemoryBudget.Reservation all = budget.reserve()) {
            assertThatCode(() -> all.growTo(99 << 10)).doesNotThrowAnyException();
        }
    }
}
