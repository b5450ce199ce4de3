package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class SeededPermutationTest {
    @Test
    void permutationContainsEveryIndexOnce() {
        for (int size : new int[] {0, 1, 2, 3, 10, 1000}) {
            SeededPermutation permutation = new SeededPermutation(size, 42, 0);
            BitSet seen = new BitSet();
            for (int i = 0; i < size; i++) {
                seen.set(permutation.get(i));
            }
            assertThat(seen.cardinality()).isEqualTo(size);
            assertThat(seen.length()).isEqualTo(size);
        }
    }

    @Test
    void permutationIsStableAcrossVersions() {
        // Runs that were stopped before an update of this code must resume at their position.
        assertThat(first(new SeededPermutation(10, 42, 0))).containsExactly(6, 7, 0, 9, 4, 3, 2, 8, 1, 5);
    }

    @Test
    void seedsAndEpochsGiveDifferentOrders() {
        int[] base = first(new SeededPermutation(1000, 42, 0));
        assertThat(first(new SeededPermutation(1000, 42, 1))).isNotEqualTo(base);
        assertThat(first(new SeededPermutation(1000, 43, 0))).isNotEqualTo(base);
        assertThat(first(new SeededPermutation(1000, 42, 0))).isEqualTo(base);
    }

    @Test
    void permutationIsUniform() {
        int[][] counts = new int[5][5];
        for (int seed = 0; seed < 20_000; seed++) {
            SeededPermutation permutation = new SeededPermutation(5, seed, 0);
            for (int i = 0; i < 5; i++) {
                counts[i][permutation.get(i)]++;
            }
        }
        for (int[] row : counts) {
            for (int count : row) {
                // 4000 expected, standard deviation 57.
                assertThat(count).isBetween(3700, 4300);
            }
        }
    }

    private static int[] first(SeededPermutation permutation) {
        int[] order = new int[permutation.size()];
        Arrays.setAll(order, permutation::get);
        return order;
    }
}
