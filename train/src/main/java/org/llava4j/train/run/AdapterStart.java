package org.llava4j.train.run;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.model.TensorSource;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.folder.InitialAdapter;
import org.llava4j.model.lora.LoraConfig;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.LoraTensorSource;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Initial A and B of a LoRA stage: those of {@link RunPaths#adapter}, whose rank, alpha and targets the stage must have, or
 * new ones. The optimizer starts anew in both cases.
 */
public final class AdapterStart implements AutoCloseable {
    private final @Nullable InitialAdapter adapter;
    private final long seed;

    private AdapterStart(@Nullable InitialAdapter adapter, long seed) {
        this.adapter = adapter;
        this.seed = seed;
    }

    /**
     * Opens the adapter of a run, if it has one.
     *
     * @throws BadInputException if the stage cannot train it
     */
    static AdapterStart open(Stage stage, RunPaths paths, LlavaConfig config) {
        Path folder = paths.adapter();
        if (folder == null) {
            return new AdapterStart(null, stage.seed());
        }
        LoraConfig lora = requireLora(stage, folder);
        if (paths.projector() != null && InitialAdapter.hasProjector(folder)) {
            throw new BadInputException("both " + paths.projector() + " and the adapter " + folder
                    + " have a projector; leave out --pretrain-mm-mlp-adapter, to train the adapter's further");
        }
        InitialAdapter adapter = InitialAdapter.open(folder, config);
        return CloseOnFailure.run(adapter, () -> {
            requireSame(lora, adapter.lora(), folder, config.decoder());
            return new AdapterStart(adapter, stage.seed());
        });
    }

    /**
     * Checks that a stage can train the adapter of a run, if it has one; reads no values.
     *
     * @throws BadInputException if it cannot
     */
    static void require(Stage stage, RunPaths paths, LlavaConfig config) {
        open(stage, paths, config).close();
    }

    /**
     * Checks the base model of the adapter of a run, if it has one; reads the base's weights.
     *
     * @throws BadInputException if the adapter was trained on another base
     */
    static void requireBase(Stage stage, RunPaths paths, LlavaConfig config) {
        try (AdapterStart start = open(stage, paths, config)) {
            if (start.adapter != null) {
                start.adapter.requireBase(paths.model());
            }
        }
    }

    /**
     * A stage with rank, alpha and targets of the adapter of a run; the dropout is the stage's. The stage itself if the run
     * has no adapter.
     *
     * @throws BadInputException if the stage has no LoRA, or the adapter does not match the model
     */
    public static Stage withAdapterLora(Stage stage, RunPaths paths, RunOptions options) {
        if (paths.adapter() == null) {
            return stage;
        }
        LoraConfig lora = requireLora(stage, paths.adapter());
        LlavaConfig config = GradientWorker.config(stage, paths, options);
        try (InitialAdapter adapter = InitialAdapter.open(paths.adapter(), config)) {
            LoraConfig its = adapter.lora();
            boolean sameTargets = sameTargets(lora, its, config.decoder());
            return Stages.with(
                    stage,
                    Map.of(
                            "lora",
                            new LoraConfig(
                                    its.rank(),
                                    its.alpha(),
                                    lora.dropout(),
                                    sameTargets ? lora.targets() : its.targets())));
        }
    }

    private static LoraConfig requireLora(Stage stage, Path adapter) {
        LoraConfig lora = stage.model().lora();
        if (lora == null) {
            throw new BadInputException("the stage " + stage.name() + " has no LoRA and cannot train the adapter "
                    + adapter + " further; enable it (--lora-enable) or use --stage " + Stages.FINETUNE_LORA);
        }
        return lora;
    }

    private static boolean sameTargets(LoraConfig one, LoraConfig other, LlamaConfig decoder) {
        return one.targetsIn(decoder).equals(other.targetsIn(decoder));
    }

    private static void requireSame(LoraConfig stage, LoraConfig its, Path adapter, LlamaConfig decoder) {
        String difference = null;
        if (stage.rank() != its.rank()) {
            difference = "rank " + its.rank() + ", but the stage has rank " + stage.rank();
        } else if (stage.alpha() != its.alpha()) {
            difference = "alpha " + its.alpha() + ", but the stage has alpha " + stage.alpha();
        } else if (!sameTargets(stage, its, decoder)) {
            difference = "the targets " + its.targets() + ", but the stage has the targets " + stage.targets();
        }
        if (difference != null) {
            throw new BadInputException(
                    "the adapter " + adapter + " has " + difference + "; train it further with its own"
                            + " values, or merge it (merge-lora) and train a new adapter on the result");
        }
    }

    /** The initial weights: the adapter's A and B or new ones, and all others from a checkpoint. */
    TensorSource weights(Checkpoint base) {
        return adapter == null ? new LoraTensorSource(base, seed) : adapter.weights(base);
    }

    /** File and tensor of each A and B that is not new, by variable. */
    SortedMap<String, String> sources() {
        return adapter == null ? Collections.emptySortedMap() : adapter.sources();
    }

    @Override
    public void close() {
        if (adapter != null) {
            adapter.close();
        }
    }
}
