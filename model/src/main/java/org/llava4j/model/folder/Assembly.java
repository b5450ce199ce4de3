package org.llava4j.model.folder;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.model.Llava;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.config.LlavaConfig;
import org.llava4j.model.config.LlavaConfig.ProjectorType;
import org.llava4j.model.config.LlavaConfig.SelectFeature;
import org.llava4j.model.folder.CheckpointWriter.Origin;
import org.llava4j.model.folder.CheckpointWriter.WriteOptions;
import org.llava4j.model.weights.Checkpoint;

/**
 * A LLaVA put together from a LLaMA (Vicuna), a CLIP and a projector, in LLaVA's own layout: what stage 1 begins with.
 * Its vocabulary holds all tokens that the tokenizer knows; rows that this adds to the tables begin at the mean of the
 * old ones.
 *
 * @param llama the decoder's folder, with its tokenizer
 * @param visionTower a CLIP folder, full or the vision half
 * @param projector where the projector comes from
 * @param features which hidden states it reads
 * @param addedTokens what stands around an image
 * @param maxLength longest sequence, {@code tokenizer_model_max_length}
 * @param type of the floating point tensors
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
     * @param file a projector of its own file; null for a fresh one
     * @param seed of a fresh one
     */
    public record ProjectorOptions(ProjectorType type, Path file, long seed) {}

    /**
     * @param layer the hidden state, -2 in the paper
     * @param padToSquare whether pictures are padded to squares
     */
    public record FeatureOptions(int layer, SelectFeature select, boolean padToSquare) {}

    /** Which tokens are added to the vocabulary. */
    public enum AddedImageTokens {
        /** None: the vectors stand among words by themselves. */
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
     * @throws BadInputException if a part is not whole, the parts do not fit, or the place cannot be written
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
            Origin origin = new Origin(llama, visionTower, config, Optional.empty(), Optional.of(growth));
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
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                checkpoint.plan().sources()));
            }
            read.requireUnchanged();
            folder.commit();
        }
    }

    private void requireModelTypes() {
        boolean llava = LlavaConfig.isLlava(llama);
        if (llava || LlavaConfig.isClip(llama)) {
            throw new BadInputException(llama + " is " + (llava ? "a LLaVA already (export writes it anew)" : "a CLIP")
                    + "; give a LLaMA or Vicuna folder as --model-path");
        }
        if (!LlavaConfig.isClip(visionTower)) {
            throw new BadInputException(visionTower + " is no CLIP; give a CLIP folder as --vision-tower");
        }
    }

    private void requireOwnHead(LlamaConfig decoder) {
        if (decoder.tiedEmbeddings() && addedTokens != AddedImageTokens.NONE) {
            throw new BadInputException(llama + ": \"tie_word_embeddings\" is true, and a model with tokens around an"
                    + " image needs a head of its own, since stage 1 trains the rows of its tokens alone; leave out"
                    + " --mm-use-im-start-end, or give a base whose head is not tied");
        }
    }

    /** What the model will be; its decoder still has the old vocabulary, in which its tables are read. */
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
                addedTokens == AddedImageTokens.NONE
                        ? Optional.empty()
                        : Optional.of(ImageStartEndTokens.of(growth.tokenizer(), llama)));
    }
}
