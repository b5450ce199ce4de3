package org.llava4j.data.spark;

import org.llava4j.data.pretraining.FilterConceptsMain;

/**
 * {@code @filter-concepts} on Spark, with its flags: {@code spark-submit --class org.llava4j.data.spark.FilterConceptsJob}.
 * The file of captions and the folder that is written are the driver's.
 */
public final class FilterConceptsJob {
    private FilterConceptsJob() {}

    public static void main(String[] args) {
        SparkJob.run(
                "filter-concepts", spark -> new FilterConceptsMain(new SparkPhrases(spark)).execute(args));
    }
}
