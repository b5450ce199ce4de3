package org.llava4j.model.ops;

import org.llava4j.model.samediff.GraphHooks;
import org.llava4j.model.samediff.Recomputation;

/** Every operation of the kit, made known to SameDiff. */
public final class Operations {

    private Operations() {}

    /** To be called before a graph that uses them is built; calling it again does nothing new. */
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
                new Activate(),
                new Activate.Grad(),
                new Embedding(),
                new Embedding.Grad(),
                new RowsById(),
                new RowsById.GradWords(),
                new RowsById.GradOwn(),
                new SpliceRows(),
                new SpliceRows.GradText(),
                new SpliceRows.GradImages(),
                new GatherRows(),
                new GatherRows.Grad(),
                new CrossEntropy(),
                new CrossEntropy.Grad(),
                new Patches(),
                new ClassAndPositions(),
                new ClassAndPositions.GradPatches(),
                new ClassAndPositions.GradVectors(),
                new Dropout(),
                new Scale(),
                new DropFirst(),
                new DropFirst.Grad(),
                new Recomputation.After());
    }
}
