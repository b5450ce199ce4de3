package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.RgbImage;

/**
 * Features of images, computed once. The tower never learns (paper, section 4.2), so that what it makes of an image is
 * the same in every epoch, in both stages and in evaluation. The address of an image's features is a hash of the
 * tower's weights, of the preprocessing and of the image's bytes: a change of any of them is a new address.
 *
 * <p>Looked up in memory, then on disk, then computed, the missing ones together. One thread uses
 * a cache; several caches may share a folder.
 */
public final class FeatureCache implements FeatureSource {
    /** So many missing pictures are computed before they are kept: what an interrupted run may lose. */
    private static final int CHUNK_SIZE = 64;

    private final FeatureSource source;
    private final String fingerprint;
    private final Consumer<String> notices;
    private final long memoryBytes;
    private final Map<String, float[]> memory = new LinkedHashMap<>(64, 0.75f, true);
    private final Map<Path, HashedFile> addresses = new HashMap<>();
    private long bytesInMemory;
    private long computed;

    /** Empty from its first failure on. */
    private Optional<FeatureStore> store;

    /** A picture's state when its bytes were hashed. */
    private record HashedFile(ImageBytes.ImageVersion version, String address) {}

    /**
     * @param source computes what is missing
     * @param identity names everything, but for the image itself, that the source's features depend on
     * @param store where features are kept beyond this run, if anywhere
     * @param memoryBytes bound of what is kept in memory
     * @param notices receives a line when the store cannot be used any more (a full disk); features are then computed
     */
    public FeatureCache(
            FeatureSource source,
            String identity,
            Optional<FeatureStore> store,
            long memoryBytes,
            Consumer<String> notices) {
        this.source = source;
        this.fingerprint = identity;
        this.store = store;
        this.memoryBytes = memoryBytes;
        this.notices = notices;
    }

    /**
     * The features of one image.
     *
     * @return {@code float32[P*Dv]}; shared, not to be changed
     * @throws BadInputException if the image is missing or broken
     */
    public float[] features(Path image) {
        return features(List.of(image)).get(0);
    }

    /** As {@link #features(Path)} for several, in their order. */
    @Override
    public List<float[]> features(List<Path> images) {
        Map<String, float[]> found = new HashMap<>();
        Map<String, Path> missing = new LinkedHashMap<>();
        List<String> wanted = new ArrayList<>();
        for (Path image : images) {
            String address = address(image);
            wanted.add(address);
            if (!found.containsKey(address) && !missing.containsKey(address)) {
                lookUp(address)
                        .ifPresentOrElse(features -> found.put(address, features), () -> missing.put(address, image));
            }
        }
        List<String> addresses = List.copyOf(missing.keySet());
        for (int from = 0; from < addresses.size(); from += CHUNK_SIZE) {
            int to = Math.min(addresses.size(), from + CHUNK_SIZE);
            found.putAll(compute(addresses.subList(from, to), missing));
        }
        return wanted.stream().map(found::get).toList();
    }

    /** Computed each time: what is in memory has no name to be kept under. */
    @Override
    public List<float[]> featuresOfDecoded(List<RgbImage> images) {
        return source.featuresOfDecoded(images);
    }

    @Override
    public RgbImage visibleRegion(RgbImage image) {
        return source.visibleRegion(image);
    }

    /** How many images went through the tower so far. */
    public long computed() {
        return computed;
    }

    private Optional<float[]> lookUp(String address) {
        float[] inMemory = memory.get(address);
        if (inMemory != null) {
            return Optional.of(inMemory);
        }
        Optional<float[]> onDisk = onDisk(disk -> disk.get(address));
        onDisk.ifPresent(features -> remember(address, features));
        return onDisk;
    }

    /** What the store gives; one that fails is reported and left. */
    private Optional<float[]> onDisk(Function<FeatureStore, Optional<float[]>> use) {
        try {
            return store.flatMap(use);
        } catch (BadInputException e) {
            store = Optional.empty();
            notices.accept(e.getMessage() + "; the run continues without it");
            return Optional.empty();
        }
    }

    private Map<String, float[]> compute(List<String> addresses, Map<String, Path> images) {
        List<Path> files = addresses.stream().map(images::get).toList();
        List<float[]> features = source.features(files);
        Map<String, float[]> byAddress = new HashMap<>();
        for (int i = 0; i < addresses.size(); i++) {
            String address = addresses.get(i);
            float[] one = features.get(i);
            if (!address.equals(address(files.get(i)))) {
                throw new BadInputException(files.get(i) + " has changed while it was read; start again");
            }
            byAddress.put(address, one);
            remember(address, one);
            onDisk(disk -> {
                disk.put(address, one);
                return Optional.empty();
            });
            computed++;
        }
        return byAddress;
    }

    private void remember(String address, float[] features) {
        if (memory.put(address, features) == null) {
            bytesInMemory += bytes(features);
        }
        var eldest = memory.entrySet().iterator();
        while (bytesInMemory > memoryBytes && eldest.hasNext()) {
            bytesInMemory -= bytes(eldest.next().getValue());
            eldest.remove();
        }
    }

    private static long bytes(float[] features) {
        return (long) features.length * Float.BYTES;
    }

    /** The bytes are hashed anew only where size or time of change say that they may be others. */
    private String address(Path image) {
        ImageBytes.ImageVersion now = ImageBytes.version(image);
        HashedFile seen = addresses.get(image);
        if (seen == null || !seen.version().equals(now)) {
            seen = new HashedFile(now, hash(ImageBytes.read(image)));
            addresses.put(image, seen);
        }
        return seen.address();
    }

    private String hash(byte[] imageBytes) {
        return new Sha256().add(fingerprint + "\n").add(imageBytes).hex();
    }
}
