package org.llava4j.data.pretraining;

import opennlp.tools.ml.model.MaxentModel;
import opennlp.tools.postag.POSContextGenerator;
import opennlp.tools.postag.POSModel;

/**
 * Part-of-speech tagger with the tags of OpenNLP's {@code POSTaggerME} for models whose feature generator caches, as the
 * published models do. That cache gives all hypotheses of the beam search the features of the best one, so the best
 * sequence is the greedy one and the model need be evaluated only once a word. Not thread-safe.
 */
final class GreedyTagger {
    private static final String CLASSIFIER = "pos.model";

    private final POSContextGenerator features;
    private final MaxentModel classifier;
    private final double[] probabilities;

    GreedyTagger(POSModel model) {
        features = model.getFactory().getPOSContextGenerator();
        classifier = model.getArtifact(CLASSIFIER);
        probabilities = new double[classifier.getNumOutcomes()];
    }

    /** The tag of each word. */
    String[] tag(String[] words) {
        String[] tags = new String[words.length];
        for (int i = 0; i < words.length; i++) {
            String[] context = features.getContext(i, words, tags, null);
            tags[i] = classifier.getBestOutcome(classifier.eval(context, probabilities));
        }
        return tags;
    }
}
