package org.llava4j.data.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.llava4j.data.pretraining.FilterConceptsMain;

/**
 * {@code @filter-concepts} on Spark, with its flags: {@code spark-submit --class org.llava4j.data.spark.FilterConceptsJob}.
 * The file of captions and the folder that is written are the driver's.
 */
public final class FilterConceptsJob {
    private FilterConceptsJob() {}

    public static void main(String[] args) {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf().setAppName("LLaVA4J filter-concepts"))) {
            new FilterConceptsMain(new SparkPhrases(spark)).execute(args);
        }
    }
}
