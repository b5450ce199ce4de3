package org.llava4j.model.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.RgbImage;

class FeatureCacheTest {
    private static final long AMPLE = 1 << 20;

    @TempDir
    Path temp;

    private final List<Integer> runs = new ArrayList<>();
    private final List<String> notices = new ArrayList<>();

    @Test
    void sameContentIsComputedOnce() throws IOException {
        Path a = image("a", "one");
        Path b = image("b", "three");
        Path sameAsA = image("c", "one");
        FeatureCache cache = cache("tower", null, AMPLE);
        List<float[]> features = cache.features(List.of(a, b, sameAsA, a));
        assertThat(features.get(0)).containsExactly(3, 6);
        assertThat(features.get(1)).containsExactly(5, 10);
        assertThat(features.get(2)).isSameAs(features.get(0)).isSameAs(features.get(3));
        assertThat(features(cache, b)).containsExactly(5, 10);
        assertThat(runs).containsExactly(2);
        assertThat(cache.computed()).isEqualTo(2);
    }

    @Test
    void missesAreComputedInChunks() throws IOException {
        List<Path> images = new ArrayList<>();
        for (int i = 0; i < 130; i++) {
            images.add(image("image" + i, "x".repeat(i + 1)));
        }
        List<float[]> features = cache("tower", null, AMPLE).features(images);
        assertThat(runs).containsExactly(64, 64, 2);
        for (int i = 0; i < 130; i++) {
            assertThat(features.get(i)).containsExactly(i + 1, 2 * (i + 1));
        }
    }

    @Test
    void imageChangedDuringReadIsRejected() throws IOException {
        Path a = image("a", "one");
        FeatureSource slow = images -> {
            try {
                image("a", "another");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return List.of(new float[] {1});
        };
        FeatureCache cache = new FeatureCache(slow, "tower", store(), AMPLE, notices::add);
        assertThatThrownBy(() -> features(cache, a))
                .isInstanceOf(BadInputException.class)
                .hasMessage(a + " changed while it was read; start again");
    }

    @Test
    void decodedImagesAreNotCached() {
        RgbImage large = new RgbImage(2, 1, new byte[6]);
        RgbImage small = new RgbImage(1, 1, new byte[3]);
        FeatureSource tower = new FeatureSource() {
            @Override
            public List<float[]> features(List<Path> images) {
                return List.of();
            }

            @Override
            public List<float[]> featuresOfDecoded(List<RgbImage> images) {
                return images.stream().map(image -> new float[] {image.width()}).toList();
            }

            @Override
            public RgbImage visibleRegion(RgbImage image) {
                return small;
            }
        };
        FeatureCache cache = new FeatureCache(tower, "tower", null, AMPLE, notices::add);
        assertThat(cache.featuresOfDecoded(List.of(large, small))).containsExactly(new float[] {2}, new float[] {1});
        assertThat(cache.visibleRegion(large)).isSameAs(small);
    }

    @Test
    void changedImageIsRecomputed() throws IOException {
        Path a = image("a", "one");
        FeatureCache cache = cache("tower", store(), AMPLE);
        features(cache, a);
        image("a", "eleven");
        assertThat(features(cache, a)).containsExactly(6, 12);
    }

    @Test
    void storeServesNextRunOfSameTowerOnly() throws IOException {
        Path a = image("a", "one");
        features(cache("tower 1", store(), AMPLE), a);
        FeatureCache next = cache("tower 1", store(), AMPLE);
        assertThat(features(next, a)).containsExactly(3, 6);
        assertThat(next.computed()).isZero();
        FeatureCache other = cache("tower 2", store(), AMPLE);
        features(other, a);
        assertThat(other.computed()).isEqualTo(1);
    }

    @Test
    void damagedFileIsRecomputed() throws IOException {
        Path a = image("a", "one");
        features(cache("tower", store(), AMPLE), a);
        try (var files = Files.walk(temp.resolve("cache"))) {
            Path file = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 5] ^= 1;
            Files.write(file, bytes);
        }
        FeatureCache next = cache("tower", store(), AMPLE);
        assertThat(features(next, a)).containsExactly(3, 6);
        assertThat(next.computed()).isEqualTo(1);
        assertThat(features(cache("tower", store(), AMPLE), a)).containsExactly(3, 6);
        assertThat(runs).hasSize(2);
    }

    @Test
    void memoryStaysWithinLimit() throws IOException {
        Path a = image("a", "one");
        Path b = image("b", "three");
        FeatureCache cache = cache("tower", null, 2 * Float.BYTES);
        features(cache, a);
        features(cache, a);
        assertThat(cache.computed()).isEqualTo(1);
        features(cache, b);
        features(cache, a);
        assertThat(cache.computed()).isEqualTo(3);
    }

    @Test
    void missingImageErrorNamesFile() {
        Path gone = temp.resolve("gone.png");
        assertThatThrownBy(() -> features(cache("tower", null, AMPLE), gone))
                .isInstanceOf(BadInputException.class)
                .hasMessage("there is no image " + gone + "; check the name and the image folder");
    }

    /** A file in place of the store's subfolders makes writes fail, as on a full disk. */
    @Test
    void failingStoreIsReportedOnceAndDisabled() throws IOException {
        Path a = image("a", "one");
        Path b = image("b", "three");
        FeatureCache cache = cache("tower", store(), 0);
        AtomicFolder.delete(temp.resolve("cache"));
        Files.writeString(temp.resolve("cache"), "in the way");
        assertThat(cache.features(List.of(a, b))).containsExactly(new float[] {3, 6}, new float[] {5, 10});
        assertThat(features(cache, a)).containsExactly(3, 6);
        assertThat(notices)
                .hasSize(1)
                .first()
                .asString()
                .startsWith("cannot use " + temp.resolve("cache"))
                .endsWith("continuing without it");
        assertThat(FeatureStore.openIfPossible(temp.resolve("cache"), AMPLE, notices::add))
                .isNull();
        assertThat(notices).hasSize(2);
    }

    /** The fake tower maps n bytes to the features n and 2n. */
    private FeatureCache cache(String fingerprint, @Nullable FeatureStore store, long memoryBytes) {
        FeatureSource tower = images -> {
            runs.add(images.size());
            List<float[]> features = new ArrayList<>();
            for (Path image : images) {
                float bytes = image.toFile().length();
                features.add(new float[] {bytes, 2 * bytes});
            }
            return features;
        };
        return new FeatureCache(tower, fingerprint, store, memoryBytes, notices::add);
    }

    private FeatureStore store() {
        return FeatureStore.open(temp.resolve("cache"), AMPLE);
    }

    private Path image(String name, String content) throws IOException {
        return Files.writeString(temp.resolve(name), content);
    }

    private static float[] features(FeatureCache cache, Path image) {
        return cache.features(List.of(image)).get(0);
    }
}
