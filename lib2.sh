mk () 
{ 
    py "
g=rds.describe_db_subnet_groups()['DBSubnetGroups'][0]['DBSubnetGroupName']
rds.create_db_instance(DBInstanceIdentifier='$1',DBInstanceClass='db.t4g.medium',Engine='postgres',AllocatedStorage=20,MasterUsername='x',MasterUserPassword='xxxxxxxxx',DBSubnetGroupName='${2:-db1}',VpcSecurityGroupIds=[d['VpcSecurityGroups'][0]['VpcSecurityGroupId'] for d in rds.describe_db_instances()['DBInstances']][:1])"
}
