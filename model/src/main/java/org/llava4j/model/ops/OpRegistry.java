package org.llava4j.model.ops;

import org.llava4j.model.samediff.ActivationCheckpointing;
import org.llava4j.model.samediff.GraphHooks;

/** Registry of all custom operations. SameDiff looks operations up by name when it clones a graph. */
public final class OpRegistry {

    private OpRegistry() {}

    /**
     * Registers all operations with SameDiff. Call this before building a graph that uses them; repeated calls have no
     * effect.
     */
    public static void register() {
        GraphHooks.install(
                new Linear(),
                new Linear.GradInput(),
                new Linear.GradWeight(),
                new Linear.GradBias(),
                new RmsNorm(),
                new RmsNorm.GradInput(),
                new RmsNorm.GradWeight(),
                new LayerNorm(),
                new LayerNorm.GradInput(),
                new LayerNorm.GradParams(),
                new Rope(),
                new Attention(),
                new Attention.Grad(),
                new SwiGlu(),
                new SwiGlu.Grad(),
                new ActivationOp(),
                new ActivationOp.Grad(),
                new Embedding(),
                new Embedding.Grad(),
                new TrainableTokenEmbeddings(),
                new TrainableTokenEmbeddings.GradEmbeddings(),
                new TrainableTokenEmbeddings.GradTokenRows(),
                new MergeImageFeatures(),
                new MergeImageFeatures.GradText(),
                new MergeImageFeatures.GradImages(),
                new GatherRows(),
                new GatherRows.Grad(),
                new CrossEntropy(),
                new CrossEntropy.Grad(),
                new ExtractPatches(),
                new ClassAndPositionEmbeddings(),
                new ClassAndPositionEmbeddings.GradPatches(),
                new ClassAndPositionEmbeddings.GradEmbeddings(),
                new Dropout(),
                new Scale(),
                new DropClassToken(),
                new DropClassToken.Grad(),
                new ActivationCheckpointing.DelayedCopy());
    }
}
