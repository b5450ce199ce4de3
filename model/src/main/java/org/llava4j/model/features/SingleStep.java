package org.llava4j.model.features;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.image.ImageRef;

/** The features of one image, computed in one step. */
final class SingleStep implements FeatureSteps {
    private final FeatureSource source;
    private final ImageRef image;
    private float @Nullable [] features;

    SingleStep(FeatureSource source, ImageRef image) {
        this.source = source;
        this.image = image;
    }

    @Override
    public boolean advance(BooleanSupplier pause) {
        features();
        return true;
    }

    @Override
    public float[] features() {
        float[] known = features;
        if (known == null) {
            known = compute().get(0);
            features = known;
        }
        return known;
    }

    private List<float[]> compute() {
        return image instanceof ImageRef.InFile file
                ? source.features(List.of(file.path()))
                : source.featuresOfDecoded(List.of(((ImageRef.InMemory) image).image()));
    }

    @Override
    public void close() {
        // Nothing to end.
    }
}
