resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = var.metric_filters

  name           = each.key
  log_group_name = var.log_groups[each.value.log_group]
  pattern        = each.value.pattern

  metric_transformation {
    name          = each.key
    namespace     = var.namespace
    value         = each.value.value
    default_value = "0"
  }
}
