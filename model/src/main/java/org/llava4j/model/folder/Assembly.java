package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.weights.Checkpoint;

/**
 * Assembly of a LLaVA from a LLaMA (Vicuna), a CLIP and a projector, in LLaVA's own layout, as the starting point of
 * stage 1. The token embedding table is resized to all ids of the tokenizer; new rows are initialized to the mean of
 * the old ones.
 *
 * @param llama the decoder's folder, with its tokenizer
 * @param visionTower a CLIP folder: full, or the vision model only
 * @param projector source of the projector
 * @param features image features that the projector reads
 * @param addedTokens image tokens to add to the vocabulary
 * @param maxLength context length, {@code tokenizer_model_max_length}
 * @param type dtype of the floating-point tensors
 * @param shardBytes maximum bytes of tensor data per file
 */
public record Assembly(
        Path llama,
        Path visionTower,
        ProjectorOptions projector,
        FeatureOptions features,
        AddedImageTokens addedTokens,
        int maxLength,
        SaveType type,
        long shardBytes) {

    /**
     * The projector.
     *
     * @param file projector file; null to initialize a new one
     * @param seed seed of a new projector
     */
    public record ProjectorOptions(
            ProjectorType type, @Nullable Path file, long seed) {}

    /**
     * The image features.
     *
     * @param layer hidden state of the vision tower, -2 in the paper
     * @param padToSquare whether images are padded to squares
     */
    public record FeatureOptions(int layer, SelectFeature select, boolean padToSquare) {}

    /** Image tokens to add to the vocabulary. */
    public enum AddedImageTokens {
        /** None: image tokens are inserted without markers. */
        NONE,
        /** {@code <im_start>} and {@code <im_end>} ({@code mm_use_im_start_end}). */
        START_END,
        /** {@code <im_patch>} before them ({@code mm_use_im_patch_token}). */
        PATCH_START_END;

        private List<String> tokens() {
            return switch (this) {
                case NONE -> List.of();
                case START_END -> List.of(ImageStartEndTokens.START, ImageStartEndTokens.END);
                case PATCH_START_END ->
                    List.of(ImageStartEndTokens.PATCH, ImageStartEndTokens.START, ImageStartEndTokens.END);
            };
        }
    }

    /**
     * Writes the folder.
     *
     * @throws BadInputException if a part is incomplete, the parts do not match, or the output cannot be written
     */
    public void writeTo(Path output) {
        InputPaths inputs = InputPaths.of(llama, visionTower, projector.file());
        inputs.requireNoOverlap(output);
        requireModelTypes();
        try (AtomicFolder folder = AtomicFolder.begin(output, CheckpointWriter.KIND, inputs)) {
            InputSnapshot read = InputSnapshot.byMetadata(
                    ModelFiles.of(llama, visionTower, projector.file()).all());
            LlamaConfig decoder = LlamaConfig.read(llama);
            requireOwnHead(decoder);
            VocabularyGrowth growth = VocabularyGrowth.of(llama, decoder.vocabSize(), addedTokens.tokens());
            LlavaConfig config = config(growth);
            Origin origin = new Origin(llama, visionTower, config, null, growth);
            try (Checkpoint checkpoint = Checkpoint.llava(llama, visionTower)) {
                if (projector.file() == null) {
                    checkpoint.withNewProjector(projector.seed());
                } else {
                    checkpoint.withProjector(projector.file());
                }
                List<LazyTensor> tensors =
                        checkpoint
                                .toLazyTensors(Llava.weightShapes(config), config.imageStartEndTokens(), growth::apply)
                                .stream()
                                .map(type::apply)
                                .toList();
                CheckpointWriter.writeInto(
                        folder.path(), tensors, origin, new WriteOptions(WriteOptions.DEFAULT.layout(), shardBytes));
                ModelManifest.write(
                        folder.path(),
                        new ModelManifest.Provenance(
                                CheckpointWriter.KIND,
                                WriteOptions.DEFAULT.layout().toString(),
                                null,
                                null,
                                null,
                                checkpoint.plan().sources()));
            }
            read.requireUnchanged();
            folder.commit();
        }
    }

    private void requireModelTypes() {
        boolean llava = LlavaConfig.isLlava(llama);
        if (llava || LlavaConfig.isClip(llama)) {
            throw new BadInputException(
                    llama + " is " + (llava ? "already a LLaVA (use export to rewrite it)" : "a CLIP")
                            + "; give a LLaMA or Vicuna folder as --model-path");
        }
        if (!LlavaConfig.isClip(visionTower)) {
            throw new BadInputException(visionTower + " is not a CLIP; give a CLIP folder as --vision-tower");
        }
    }

    private void requireOwnHead(LlamaConfig decoder) {
        if (decoder.tiedEmbeddings() && addedTokens != AddedImageTokens.NONE) {
            throw new BadInputException(llama + ": \"tie_word_embeddings\" is true, but a model with image start and"
                    + " end tokens needs an untied head, since stage 1 trains the embeddings of these tokens only;"
                    + " remove --mm-use-im-start-end, or give a base model with an untied head");
        }
    }

    /** Config of the assembled model. Its decoder still has the old vocabulary size, with which the tables are read. */
    private LlavaConfig config(VocabularyGrowth growth) {
        LlavaConfig parts = LlavaConfig.read(llama, visionTower);
        return new LlavaConfig(
                parts.vision(),
                parts.decoder(),
                projector.type(),
                features.layer(),
                features.select(),
                maxLength,
                false,
                features.padToSquare(),
                addedTokens == AddedImageTokens.NONE ? null : ImageStartEndTokens.of(growth.tokenizer(), llama));
    }
}
